"""The TLS of the OCPP endpoint: its context, handshakes that fail, and what a client certificate says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from warehouse.errors import SettingsError

if TYPE_CHECKING:
    from warehouse.settings import Settings


def context_of(settings: Settings) -> ssl.SSLContext | None:
    """TLS 1.2 and newer with the certificate of the settings; None where there is none.

    With `collect_client_ca` stations may show certificates that it has signed; what is shown must hold (chain, dates).
    Raises `SettingsError` for files that cannot be used.
    """
    certificate, key = settings.collect_certificate, settings.collect_key
    if certificate is None:
        if key is not None or settings.collect_client_ca is not None:
            raise SettingsError("KWHOUSE_COLLECT_CERTIFICATE is not set, but a key or client CA is. Set all or none.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if settings.collect_client_ca is not None:
            context.load_verify_locations(settings.collect_client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"The certificate, key or client CA of the OCPP endpoint cannot be used ({error}). Check the PEM files "
            "that KWHOUSE_COLLECT_CERTIFICATE, KWHOUSE_COLLECT_KEY and KWHOUSE_COLLECT_CLIENT_CA name."
        ) from None
    return context


def watch(context: ssl.SSLContext, failed: Callable[[str], None], within_seconds: float) -> None:
    """Call `failed` with the reason of each handshake of `context` that fails, or is not finished in time.

    Neither asyncio nor websockets tell of these: a connection that is not made does not exist for them. Nor do they
    know here whose handshake it is, so that its address is not told.
    """

    class Handshake(ssl.SSLObject):
        _timer: asyncio.TimerHandle | None = None
        _is_over = False

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(within_seconds, self._fail, "not finished")
                raise
            except ssl.SSLError as error:
                self._fail(getattr(error, "verify_message", None) or error.reason or "unreadable")
                raise
            self._end()

        def _fail(self, reason: str) -> None:
            if not self._is_over:
                failed(reason)
            self._end()

        def _end(self) -> None:
            self._is_over = True
            if self._timer is not None:
                self._timer.cancel()

    context.sslobject_class = Handshake


def certificate_end(connection_ssl: ssl.SSLObject | None) -> datetime | None:
    """When the verified certificate that the peer has shown runs out; None where it has shown none."""
    found = connection_ssl.getpeercert() if connection_ssl is not None else None
    until = (found or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC) if until else None


def common_name(connection_ssl: ssl.SSLObject | None) -> str | None:
    """The common name of the verified certificate that the peer has shown; None where it has shown none."""
    found = connection_ssl.getpeercert() if connection_ssl is not None else None
    subject: Any = (found or {}).get("subject", ())
    return next((str(value) for part in subject for name, value in part if name == "commonName"), None)
