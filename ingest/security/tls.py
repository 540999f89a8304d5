"""The TLS context of the OCPP endpoint."""

from __future__ import annotations

import ssl
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


def common_name(connection_ssl: ssl.SSLObject | None) -> str | None:
    """The common name of the verified certificate that the peer has shown; None where it has shown none."""
    found = connection_ssl.getpeercert() if connection_ssl is not None else None
    subject: Any = (found or {}).get("subject", ())
    return next((str(value) for part in subject for name, value in part if name == "commonName"), None)
