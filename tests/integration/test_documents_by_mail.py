"""Documents go to a real mail server on this machine: encrypted, signed in, refused, down and up again."""

from __future__ import annotations

import email
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.faults import DocumentIncomplete
from pipelines.billing.documents.mail import file_name, message_of
from pipelines.billing.documents.model import Document
from pipelines.billing.documents.pdf import to_pdf
from pipelines.billing.documents.smtp import (
    Delivery,
    MailRefused,
    MailServer,
    MailSignInRefused,
    MailUnencrypted,
    MailUnreachable,
    connected,
    send,
)
from tests.documents_made import BUYER, SELLER, credited, document, indian
from tests.mail_server import Mailbox, started
from warehouse.errors import SettingsError

SENT_AT = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
PASS = "open " + "sesame"


def signed_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (b"kwhouse", PASS.encode()), handled=False)


@dataclass
class Post:
    box: Mailbox
    server: MailServer


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and certificate of 127.0.0.1, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def plain() -> Iterator[Post]:
    """A server without encryption."""
    box = Mailbox()
    controller = started(box)
    yield Post(box, MailServer("127.0.0.1", controller.port, "none"))
    controller.stop()


@pytest.fixture
def guarded(certificate: Path) -> Iterator[Post]:
    """A server with STARTTLS that lets nobody send who has not signed in."""
    box = Mailbox()
    controller = started(
        box,
        tls_context=context_of(certificate),
        require_starttls=True,
        auth_required=True,
        authenticator=signed_in,
    )
    server = MailServer("127.0.0.1", controller.port, username="kwhouse", password=PASS, ca_file=certificate)
    yield Post(box, server)
    controller.stop()


def message(made: Document | None = None) -> EmailMessage:
    made = made or document()
    return message_of(made, pdf=to_pdf(made), xml=to_cii(made), sent_at=SENT_AT)


def posted(post: Post, sent: EmailMessage | None = None) -> Delivery:
    with connected(post.server) as client:
        return send(client, sent or message(), post.server, clock=lambda: SENT_AT)


def test_an_invoice_arrives_with_its_files(guarded: Post) -> None:
    made = document()
    delivery = posted(guarded)
    assert guarded.box.encrypted == [True]
    [envelope] = guarded.box.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == (SELLER.email, [BUYER.email])
    assert isinstance(envelope.content, bytes)
    arrived = email.message_from_bytes(envelope.content, policy=default)
    assert isinstance(arrived, EmailMessage)
    assert arrived["Subject"] == "Invoice R-2026-000417 from Isarstrom Ladenetz GmbH"
    assert "our invoice R-2026-000417 of 1 December 2026 over €18.85" in arrived.get_body().get_content()  # type: ignore[union-attr]
    files = {part.get_filename(): part.get_content() for part in arrived.iter_attachments()}
    assert files == {"R-2026-000417.pdf": to_pdf(made), "R-2026-000417.xml": to_cii(made)}
    assert delivery == Delivery(
        message_id=arrived["Message-ID"],
        accepted_at=SENT_AT,
        recipient_digest=sha256(f"{arrived['Message-ID']}\0{BUYER.email}".encode()).hexdigest(),
        response="2.0.0 Ok: queued as 4RzQ",
    )


def test_several_messages_go_over_one_session_even_after_a_refusal(plain: Post) -> None:
    plain.box.answers["gone@hofmann.example"] = "550 5.1.1 <gone@hofmann.example> unknown"
    with connected(plain.server) as client:
        send(client, message(), plain.server)
        with pytest.raises(MailRefused):
            send(client, message(document(buyer=replace(BUYER, email="gone@hofmann.example"))), plain.server)
        send(client, message(credited(document())), plain.server)
    assert len(plain.box.taken) == 2


def test_a_refused_recipient_is_final_and_named_nowhere(plain: Post) -> None:
    plain.box.answers[BUYER.email] = f"550 5.1.1 <{BUYER.email}> unknown"
    with pytest.raises(MailRefused) as caught:
        posted(plain)
    assert (caught.value.what, caught.value.code, caught.value.retryable) == ("recipient", 550, False)
    assert "5.1.1" in caught.value.response
    assert BUYER.email not in str(caught.value)


@pytest.mark.parametrize("at", ["recipient", "message"])
def test_later_is_retryable(plain: Post, at: str) -> None:
    if at == "recipient":
        plain.box.answers[BUYER.email] = "450 4.2.0 greylisted"
    else:
        plain.box.end = "452 4.3.1 no room"
    with pytest.raises(MailUnreachable) as caught:
        posted(plain)
    assert caught.value.retryable
    assert caught.value.code in (450, 452)
    plain.box.answers.clear()
    plain.box.end = "250 OK"
    assert posted(plain).response == "OK"


def test_a_refused_message_is_final(plain: Post) -> None:
    plain.box.end = "554 5.7.1 looks like spam"
    with pytest.raises(MailRefused) as caught:
        posted(plain)
    assert (caught.value.what, caught.value.code) == ("message", 554)


def test_a_server_that_is_down_is_retryable() -> None:
    box = Mailbox()
    controller = started(box)
    controller.stop()
    with pytest.raises(MailUnreachable) as caught:
        posted(Post(box, MailServer("127.0.0.1", controller.port, "none", timeout_seconds=5)))
    assert caught.value.retryable
    assert "refused" in caught.value.reason.lower()


def test_encryption_that_is_wanted_is_not_done_without(plain: Post) -> None:
    with pytest.raises(MailUnencrypted, match="does not offer STARTTLS"):
        posted(replace(plain, server=replace(plain.server, encryption="starttls")))
    assert plain.box.taken == []


def test_encryption_is_taken_where_it_is_offered(plain: Post, guarded: Post) -> None:
    posted(replace(plain, server=replace(plain.server, encryption="starttls_if_offered")))
    posted(replace(guarded, server=replace(guarded.server, encryption="starttls_if_offered")))
    assert (plain.box.encrypted, guarded.box.encrypted) == ([False], [True])


def test_a_certificate_of_strangers_is_refused(guarded: Post) -> None:
    with pytest.raises(MailUnencrypted, match="self-signed"):
        posted(replace(guarded, server=replace(guarded.server, ca_file=None)))
    assert guarded.box.taken == []


def test_tls_from_the_first_byte(certificate: Path) -> None:
    box = Mailbox()
    controller = started(box, ssl_context=context_of(certificate))
    try:
        posted(Post(box, MailServer("127.0.0.1", controller.port, "tls", ca_file=certificate)))
    finally:
        controller.stop()
    assert len(box.taken) == 1


def test_a_wrong_password_is_told_without_it(guarded: Post) -> None:
    wrong = "not " + "that one"
    server = replace(guarded.server, password=wrong)
    with pytest.raises(MailSignInRefused) as caught:
        posted(replace(guarded, server=server))
    assert caught.value.code == 535
    assert wrong not in f"{caught.value!r} {caught.value} {server!r} {caught.value.__cause__}"


def test_a_password_is_not_sent_in_the_open() -> None:
    server = MailServer("mail.example", 25, "starttls_if_offered", username="kwhouse", password=PASS)
    with pytest.raises(SettingsError, match="in the open"), connected(server):
        pass


def test_the_same_message_is_the_same_bytes_and_another_document_another_id() -> None:
    assert message().as_bytes() == message().as_bytes()
    assert message()["Message-ID"] != message(credited(document()))["Message-ID"]


def test_what_would_be_a_header_of_its_own_is_not() -> None:
    made = document(seller=replace(SELLER, name="Isar\nBcc: all@isar.example"), language="de")
    sent = message_of(made, pdf=b"%PDF", sent_at=SENT_AT)
    assert sent["Bcc"] is None
    assert sent["Subject"] == "Rechnung R-2026-000417 von Isar Bcc: all@isar.example"
    assert [part.get_filename() for part in sent.walk()] == [None, None, "R-2026-000417.pdf"]
    head = sent.as_string().partition("\r\n\r\n")[0]
    assert not any(row.startswith("Bcc") for row in head.splitlines())


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b@c", "a@b.example, c@d.example", "a b@c.example", "büro@hofmann.example"]
)
def test_a_missing_address_is_told_before_anything_is_sent(address: str) -> None:
    with pytest.raises(DocumentIncomplete, match=r"buyer\.email"):
        message_of(document(buyer=replace(BUYER, email=address)), pdf=b"%PDF", sent_at=SENT_AT)


def test_names_in_other_scripts_arrive(plain: Post) -> None:
    made = replace(indian(), buyer=replace(indian().buyer, email="sangham@vij.example"))
    posted(plain, message_of(made, pdf=to_pdf(made), sent_at=SENT_AT))
    content = plain.box.taken[0].content
    assert isinstance(content, bytes)
    arrived = email.message_from_bytes(content, policy=default)
    # The older parser: the newer one of Python 3.11 takes the fold between two encoded words for a space.
    raw = email.message_from_bytes(content)["To"]
    assert str(make_header(decode_header(raw))) == "విజయవాడ ఛార్జింగ్ సంఘం <sangham@vij.example>"
    assert arrived["Subject"] == "Tax invoice MC/26-27/00042 from Musi Charge Private Limited"
    assert "విజయవాడ ఛార్జింగ్ సంఘం" in arrived.get_body().get_content()  # type: ignore[attr-defined]
    assert content.isascii()
    assert max(len(row) for row in content.split(b"\r\n")) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_file_names_are_plain() -> None:
    assert file_name(indian(), "pdf") == "MC-26-27-00042.pdf"
    assert file_name(document(number="../R 7"), "xml") == "R-7.xml"
