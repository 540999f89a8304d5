"""Handing a message to a mail server: encrypted, with a time limit, and with an answer that can be kept.

    MailError
     ├── MailUnreachable     no answer, or "later" (4xx): a retry helps
     ├── MailRefused         "no" (5xx) to the recipient or the message: a retry does not help
     ├── MailUnencrypted     the server offers no TLS, and the settings want it
     └── MailSignInRefused   user name or password

Neither messages nor attributes of these errors hold a password or the recipient's address; the server's own words
may, in `response`. Sources: RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (AUTH).
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import getaddresses
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from warehouse.errors import KwhouseError, SettingsError

Encryption = Literal["tls", "starttls", "starttls_if_offered", "none"]


class MailError(KwhouseError):
    """A message was not taken."""


class MailUnreachable(MailError):
    """The mail server does not answer, or says "later"."""

    retryable = True

    def __init__(self, host: str, port: int, reason: str, code: int | None = None) -> None:
        super().__init__(f"The mail server {host}:{port} did not take the message now ({reason}). Try again later.")
        self.host, self.port, self.reason, self.code = host, port, reason, code


class MailRefused(MailError):
    """The mail server will not take this message. `what`: sender, recipient or message; `response`: its words."""

    def __init__(self, host: str, what: str, code: int, response: str) -> None:
        mend = "Correct the buyer's e-mail address" if what == "recipient" else "Ask who runs the mail server"
        super().__init__(f"The mail server {host} refused the {what} (code {code}). {mend}.")
        self.host, self.what, self.code, self.response = host, what, code, response


class MailUnencrypted(MailError):
    """The server offers no encryption that can be trusted."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"The mail server {host}:{port} cannot be spoken to in secret ({reason}). "
            "Choose its encrypted port, or give the certificate of who signed its own."
        )
        self.host, self.port, self.reason = host, port, reason


class MailSignInRefused(MailError):
    """The server does not let this account in."""

    def __init__(self, host: str, code: int) -> None:
        super().__init__(f"The mail server {host} refused user name or password (code {code}). Check both.")
        self.host, self.code = host, code


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes out. `ca_file`: who signed the server's certificate, where the system does not know them."""

    host: str
    port: int = 587
    encryption: Encryption = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the server said when it took a message. The recipient is kept as a digest that names nobody."""

    message_id: str
    accepted_at: datetime
    recipient_digest: str
    response: str


@contextmanager
def connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A session with `server`, encrypted and signed in as it says; ended afterwards. Raises `MailError`."""
    _check(server)
    client = _opened(server)
    try:
        _encrypt(client, server)
        if server.username:
            _sign_in(client, server)
        yield client
    finally:
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
        client.close()


def send(
    client: smtplib.SMTP,
    message: EmailMessage,
    server: MailServer,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Delivery:
    """Hand `message` to the server that `client` is connected to. Raises `MailUnreachable`, `MailRefused`."""
    sender, recipient = _only(message, "From"), _only(message, "To")
    try:
        client.ehlo_or_helo_if_needed()
        _judge(client, server, "sender", *client.mail(sender))
        _judge(client, server, "recipient", *client.rcpt(recipient))
        code, response = client.data(message.as_bytes())
        _judge(client, server, "message", code, response)
    except smtplib.SMTPResponseException as error:
        _judge(client, server, "message", error.smtp_code, error.smtp_error)
        raise
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnreachable(server.host, server.port, _reason(error)) from error
    message_id = str(message["Message-ID"])
    digest = sha256(f"{message_id}\0{recipient.lower()}".encode()).hexdigest()
    return Delivery(message_id, clock(), digest, _text(response))


def _check(server: MailServer) -> None:
    """A password goes over the network encrypted, or not at all."""
    if server.password and server.encryption in ("none", "starttls_if_offered") and not _is_loopback(server.host):
        raise SettingsError(
            f"The password for the mail server {server.host} would be sent in the open. "
            "Choose the encryption starttls (port 587) or tls (port 465)."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _opened(server: MailServer) -> smtplib.SMTP:
    try:
        if server.encryption == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_seconds, context=_trust(server))
        return smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
    except ssl.SSLError as error:
        raise MailUnencrypted(server.host, server.port, _reason(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnreachable(server.host, server.port, _reason(error)) from error


def _encrypt(client: smtplib.SMTP, server: MailServer) -> None:
    if server.encryption not in ("starttls", "starttls_if_offered"):
        return
    try:
        client.ehlo_or_helo_if_needed()
        if not client.has_extn("starttls"):
            if server.encryption == "starttls":
                raise MailUnencrypted(server.host, server.port, "it does not offer STARTTLS")
            return
        client.starttls(context=_trust(server))
    except ssl.SSLError as error:
        raise MailUnencrypted(server.host, server.port, _reason(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnreachable(server.host, server.port, _reason(error)) from error


def _trust(server: MailServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if server.ca_file is None else str(server.ca_file))


def _sign_in(client: smtplib.SMTP, server: MailServer) -> None:
    try:
        client.login(server.username, server.password)
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise MailUnreachable(server.host, server.port, "sign-in is not possible now", error.smtp_code) from None
        raise MailSignInRefused(server.host, error.smtp_code) from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnreachable(server.host, server.port, _reason(error)) from error


def _judge(client: smtplib.SMTP, server: MailServer, what: str, code: int, response: bytes | str) -> None:
    if 200 <= code < 300:
        return
    # The session stays of use for the next message.
    with suppress(OSError, smtplib.SMTPException):
        client.rset()
    if 500 <= code < 600:
        raise MailRefused(server.host, what, code, _text(response))
    raise MailUnreachable(server.host, server.port, f"code {code} to the {what}", code)


def _only(message: EmailMessage, header: str) -> str:
    [(_, address)] = getaddresses([str(message[header])])
    return address


def _reason(error: Exception) -> str:
    """What went wrong, without what was sent: smtplib's errors can hold addresses."""
    if isinstance(error, ssl.SSLError):
        return str(getattr(error, "verify_message", "") or error.reason)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _text(response: bytes | str) -> str:
    return response.decode(errors="replace") if isinstance(response, bytes) else response
