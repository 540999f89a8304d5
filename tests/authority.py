"""How stations prove themselves in tests: a certificate authority of their own, and HTTP Basic auth."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates into files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        self.file = self._write("ca", self._sign("Test CA", self._key, ca=True), None)

    def certificate(self, name: str, days: int = 30) -> Path:
        """A file with the certificate of `name` and its key; expired where `days` is negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(f"{name}{days}", self._sign(name, key, days=days), key)

    def _sign(self, name: str, key: ec.EllipticCurvePrivateKey, days: int = 30, ca: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None) -> Path:
        path = self.folder / f"{name}.pem"
        text = certificate.public_bytes(serialization.Encoding.PEM)
        if key is not None:
            form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            text += key.private_bytes(*form)
        path.write_bytes(text)
        return path

    def trusted(self, certificate: Path | None = None) -> ssl.SSLContext:
        """A client's context that trusts this authority, and shows `certificate`."""
        context = ssl.create_default_context(cafile=str(self.file))
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(certificate)
        return context


def auth(user: str, password: str) -> dict[str, Any]:
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"additional_headers": {"Authorization": f"Basic {value}"}}
