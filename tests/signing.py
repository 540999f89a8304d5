"""A meter that signs: real keys and real signatures for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass
class Meter:
    """A signing meter. `record` makes an OCMF text; its pages count on, as a meter's do."""

    curve: ec.EllipticCurve = field(default_factory=ec.SECP256R1)
    name: str | None = None  # SA's curve; None: SA is left out
    serial: str = "M1"
    page: int = 1
    key: ec.EllipticCurvePrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(self.curve)

    @property
    def public_key(self) -> str:
        """Hexadecimal SubjectPublicKeyInfo."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex().upper()

    def point(self, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, form)

    def record(self, *readings: dict[str, object], page: int | None = None, context: str = "T", **more: object) -> str:
        page = self.page if page is None else page
        self.page = page + 1
        payload = {"FV": "1.0", "GS": "", "PG": f"{context}{page}", "MS": self.serial, "RD": list(readings), **more}
        return self.signed(json.dumps(payload, separators=(", ", " : ")))

    def signed(self, payload: str) -> str:
        signature = self.key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
        section = {"SD": signature.hex()} | ({} if self.name is None else {"SA": f"ECDSA-{self.name}-SHA256"})
        return f"OCMF|{payload}|{json.dumps(section)}"


def reading(marker: str | None, value: object, at: str = "2026-03-01T10:00:00,000+0100 S", **more: object) -> dict:
    """One reading: `marker` is TX, None outside transactions."""
    told = {"TM": at, "TX": marker, "RV": value, "RI": "1-b:1.8.0", "RU": "kWh", "RT": "AC", "EF": "", "ST": "G"}
    return {key: one for key, one in (told | more).items() if one is not None}
