"""A real collector with the real registry, and what stations (and others) show it at the door."""

from __future__ import annotations

import base64
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner
from websockets.exceptions import InvalidMessage, InvalidStatus

from ingest.collector import run
from kwhouse import app
from tests.collector_harness import Running, in_thread, station
from warehouse.settings import load_settings

PASSWORD = "a good long password"


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

    def client(self, certificate: Path | None = None) -> ssl.SSLContext:
        """What a station trusts and shows."""
        context = ssl.create_default_context(cafile=str(self.file))
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(certificate)
        return context

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


@contextmanager
def serving(**overrides: Any) -> Iterator[Running]:
    """A collector in the data folder of `KWHOUSE_HOME`."""
    settings = load_settings(collect_port=0, metrics_port=0, **overrides)
    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        yield running


def kwhouse(*arguments: str, text: str | None = None) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, list(arguments), input=text)
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.stdout


def auth(user: str, password: str) -> dict[str, Any]:
    """Options of a connection with Basic auth."""
    value = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"additional_headers": {"Authorization": f"Basic {value}"}}


async def heartbeat(running: Running, name: str = "CP-1", **options: Any) -> int | str:
    """101 where the station is let in and answered, else the status it is refused with; `tls`: not even that."""
    try:
        async with station(running, name, **options) as one:
            assert (await one.call("Heartbeat", {}))[0] == 3
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
    except (OSError, InvalidMessage):  # TLS 1.3 tells the client after its handshake
        return "tls"


def counted(running: Running, name: str, **labels: str) -> float:
    """A counter's value on /metrics; 0 where it does not stand there."""
    with urllib.request.urlopen(running.ready.metrics_url + "metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == f"{name}_total"]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())
