"""Public keys of signing meters: as they are written on labels, in registers and in frames.

Meters name their key in hexadecimal digits (also spaced), base64, PEM or the Open Charge Alliance's `oca:…` text; what
is encoded is a SubjectPublicKeyInfo (RFC 5480) or the bare point of the curve (SEC 1, section 2.3.3), compressed or
not, with or without the octet 04 before it. The registry and the check of signed readings read keys here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Curves by the names OCMF gives them (table 22); None: `cryptography` has no such curve, whatever OpenSSL is behind it.
CURVES: dict[str, ec.EllipticCurve | None] = {
    "secp192k1": None,
    "secp192r1": ec.SECP192R1(),
    "secp224k1": None,
    "secp224r1": ec.SECP224R1(),
    "secp256k1": ec.SECP256K1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpool384r1": ec.BrainpoolP384R1(),
    "brainpool512r1": ec.BrainpoolP512R1(),
}
_SYNONYMS = {
    "prime192v1": "secp192r1",
    "prime256v1": "secp256r1",
    "prime384v1": "secp384r1",
    "nistp192": "secp192r1",
    "nistp224": "secp224r1",
    "nistp256": "secp256r1",
    "nistp384": "secp384r1",
    "nistp521": "secp521r1",
}
_EC_PUBLIC_KEY = bytes.fromhex("2A8648CE3D0201")  # 1.2.840.10045.2.1
_OIDS = {
    bytes.fromhex(digits): name
    for name, digits in {
        "secp192r1": "2A8648CE3D030101",
        "secp256r1": "2A8648CE3D030107",
        "secp256k1": "2B8104000A",
        "secp192k1": "2B8104001F",
        "secp224k1": "2B81040020",
        "secp224r1": "2B81040021",
        "secp384r1": "2B81040022",
        "secp521r1": "2B81040023",
        "brainpool256r1": "2B2403030208010107",
        "brainpool384r1": "2B240303020801010B",
        "brainpool512r1": "2B240303020801010D",
    }.items()
}
_COORDINATES = (24, 28, 32, 48, 64, 66)  # octets of one coordinate, over all curves
_SEQUENCE, _OBJECT, _BITS = 0x30, 0x06, 0x03
GREATEST_LENGTH = 4096  # characters; keys have a few hundred


class KeyUnreadable(ValueError):
    """A text that is no public key of a curve; `reason` in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the public key cannot be read: {reason}")
        self.reason = reason


class CurveUnsupported(ValueError):
    """A curve that the cryptographic library does not have."""

    def __init__(self, curve: str) -> None:
        super().__init__(f"the curve {curve} is not supported by the cryptographic library")
        self.curve = curve


@dataclass(frozen=True, slots=True)
class MeterKey:
    """A public key: `point` as in SEC 1, with its first octet; `curve` where the key itself names it, else None."""

    point: bytes
    curve: str | None

    def on(self, curve: str) -> ec.EllipticCurvePublicKey:
        """The key on a curve. Raises `CurveUnsupported`, and `KeyUnreadable` where the point is not on it."""
        known = CURVES.get(curve)
        if known is None:
            raise CurveUnsupported(curve)
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(known, self.point)
        except UnsupportedAlgorithm:
            raise CurveUnsupported(curve) from None
        except ValueError:
            raise KeyUnreadable(f"it is no point of {curve}") from None

    def identity(self, curve: str) -> str:
        """The same text for the same key, however it was written: sixteen hexadecimal digits."""
        try:
            point = self.on(curve).public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        except (CurveUnsupported, KeyUnreadable):
            point = self.point
        return hashlib.sha256(curve.encode() + point).hexdigest()[:16]


def curve_name(told: str) -> str:
    """A curve's name as OCMF writes it: `brainpoolP256r1` and `prime256v1` are brainpool256r1 and secp256r1."""
    name = re.sub(r"[\s_-]", "", told).lower().replace("brainpoolp", "brainpool")
    return _SYNONYMS.get(name, name)


def read_key(text: str) -> MeterKey:
    """Read a public key. Raises `KeyUnreadable`."""
    if len(text) > GREATEST_LENGTH:
        raise KeyUnreadable(f"it has more than {GREATEST_LENGTH} characters")
    data = decoded(text)
    # OCPP 2.x encodes once more in base64 what is text already.
    inner = _as_text(data)
    if inner is not None:
        data = decoded(inner)
    return _spki(data) if data[:1] == b"\x30" and len(data) not in _bare_lengths() else _bare(data)


def decoded(text: str) -> bytes:
    """The octets of a hexadecimal or base64 text. Raises `KeyUnreadable`."""
    text = re.sub(r"-----[A-Z ]+-----", "", text)
    if text.strip().lower().startswith("oca:"):
        text = text.strip().rsplit(":", 1)[-1]
    text = "".join(text.split()).removeprefix("0x")
    if re.fullmatch(r"([0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise KeyUnreadable("it is neither hexadecimal nor base64") from None


def _as_text(data: bytes) -> str | None:
    """Text that was encoded again, if that is what the octets are."""
    if len(data) < 2 * _COORDINATES[0] or not data.isascii():
        return None
    text = data.decode("ascii").strip()
    encodes = text.lower().startswith(("oca:", "-----begin")) or re.fullmatch(r"[0-9A-Fa-f\s]+", text)
    return text if encodes else None


def _bare_lengths() -> set[int]:
    return {2 * size for size in _COORDINATES}


def _bare(data: bytes) -> MeterKey:
    if len(data) in _bare_lengths():
        return MeterKey(b"\x04" + data, None)
    if (data[:1] == b"\x04" and len(data) - 1 in _bare_lengths()) or (
        data[:1] in (b"\x02", b"\x03") and len(data) - 1 in _COORDINATES
    ):
        return MeterKey(data, None)
    raise KeyUnreadable("it is neither a SubjectPublicKeyInfo nor a point of a curve")


def _spki(data: bytes) -> MeterKey:
    """SubjectPublicKeyInfo: SEQUENCE { SEQUENCE { id-ecPublicKey, namedCurve }, BIT STRING } (RFC 5480, section 2)."""
    try:
        outer = _content(data, _SEQUENCE)[0]
        algorithm, rest = _content(outer, _SEQUENCE)
        kind, parameters = _content(algorithm, _OBJECT)
        curve = _content(parameters, _OBJECT)[0]
        bits = _content(rest, _BITS)[0]
    except (ValueError, IndexError):
        raise KeyUnreadable("its DER structure is broken or names no curve") from None
    if kind != _EC_PUBLIC_KEY:
        raise KeyUnreadable("it is no key of an elliptic curve")
    if curve not in _OIDS:
        raise KeyUnreadable(f"its curve (object identifier {curve.hex()}) is not known")
    if len(bits) < 2 or bits[0] != 0:
        raise KeyUnreadable("its DER structure is broken")
    return MeterKey(bits[1:], _OIDS[curve])


def _content(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the first DER element, which must have `tag`, and what follows it."""
    if data[0] != tag:
        raise ValueError("another tag")
    length, at = data[1], 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[2 : 2 + size]), 2 + size
    if at + length > len(data):
        raise ValueError("cut off")
    return data[at : at + length], data[at + length :]
