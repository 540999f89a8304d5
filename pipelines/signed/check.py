"""Whether the signature of a record holds: ECDSA over the bytes of the payload as they were sent."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from pipelines.signed.ocmf import Record, Unreadable, read_record
from warehouse.meter_keys import CURVES, CurveUnsupported, KeyUnreadable, MeterKey, curve_name, read_key

DEFAULT_CURVE = "secp256r1"  # OCMF, table 22
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}


class Verdict(StrEnum):
    """What the check of a record, or of a session's records, has found; the last one is the worst."""

    VALID = "valid"
    UNVERIFIABLE = "unverifiable"  # nothing against it, but it cannot be checked
    UNREADABLE = "unreadable"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Checked:
    """A record with its verdict. `record` is None where it could not be read; an invalid one still says what it claims.

    `key_id` stands for the public key (the same key written in another way has the same), None without one.
    """

    verdict: Verdict
    reason: str
    record: Record | None = None
    key_id: str | None = None


class _Cannot(Exception):
    """The check ends here, with a verdict."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict, self.reason = verdict, reason


def check(text: str, public_key: str | None) -> Checked:
    """Read and check a record. Never raises, whatever texts are given."""
    try:
        record = read_record(text)
    except Unreadable as error:
        return Checked(Verdict.UNREADABLE, str(error))
    return check_record(record, public_key)


def check_record(record: Record, public_key: str | None) -> Checked:
    """Check a record that was read. Never raises."""
    if not public_key or not public_key.strip():
        return Checked(Verdict.UNVERIFIABLE, "no public key of the meter is known", record)
    try:
        key = read_key(public_key)
    except KeyUnreadable as error:
        return Checked(Verdict.UNVERIFIABLE, str(error), record)
    key_id = key.identity(key.curve or DEFAULT_CURVE)
    try:
        curve, digest = _algorithm(record, key)
        key_id = key.identity(key.curve or curve)
        _verify(record, key, curve, digest)
    except _Cannot as error:
        return Checked(error.verdict, error.reason, record, key_id)
    if not record.knows_version:
        return Checked(
            Verdict.UNVERIFIABLE,
            f"the signature holds, but version {record.version} of OCMF is not known: its fields may mean other things",
            record,
            key_id,
        )
    return Checked(Verdict.VALID, "the signature holds", record, key_id)


def _algorithm(record: Record, key: MeterKey) -> tuple[str, hashes.HashAlgorithm]:
    """Curve and hash: as the record says, else as the key says, else the default."""
    if record.algorithm is None:
        return key.curve or DEFAULT_CURVE, _HASHES["SHA256"]
    match = re.fullmatch(r"ECDSA-(.+)-(SHA-?[0-9]{3})", record.algorithm, re.IGNORECASE)
    digest = _HASHES.get(match[2].upper().replace("-", "")) if match else None
    if match is None or digest is None:
        raise _Cannot(Verdict.UNVERIFIABLE, f"the signature algorithm {record.algorithm!r} is not known")
    curve = curve_name(match[1])
    if curve not in CURVES:
        raise _Cannot(Verdict.UNVERIFIABLE, f"the curve {match[1]!r} is not known")
    if key.curve is not None and key.curve != curve:
        raise _Cannot(
            Verdict.INVALID, f"the signature claims the curve {curve}, but the public key is one of {key.curve}"
        )
    return curve, digest


def _verify(record: Record, key: MeterKey, curve: str, digest: hashes.HashAlgorithm) -> None:
    try:
        public = key.on(curve)
    except (CurveUnsupported, KeyUnreadable) as error:
        raise _Cannot(Verdict.UNVERIFIABLE, str(error)) from None
    try:
        public.verify(_der(record, public.curve), record.payload.encode("utf-8"), ec.ECDSA(digest))
    except UnsupportedAlgorithm:
        raise _Cannot(Verdict.UNVERIFIABLE, str(CurveUnsupported(curve))) from None
    except (InvalidSignature, ValueError):
        version = "" if record.knows_version else f"; version {record.version} of OCMF is not known either"
        raise _Cannot(Verdict.INVALID, f"the signature does not fit the payload and the public key{version}") from None


def _der(record: Record, curve: ec.EllipticCurve) -> bytes:
    """The signature as DER; some meters send r and s one after the other."""
    data = _signature_bytes(record)
    try:
        decode_dss_signature(data)
    except ValueError:
        size = (curve.key_size + 7) // 8
        if len(data) == 2 * size:
            return encode_dss_signature(int.from_bytes(data[:size]), int.from_bytes(data[size:]))
    return data


def _signature_bytes(record: Record) -> bytes:
    """What SD encodes: as SE says (hex where it is absent); a text that is no hex is tried as base64."""
    text = "".join(record.signature.split())
    if (record.encoding or "hex").lower() != "base64" and re.fullmatch(r"([0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(text)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _Cannot(Verdict.INVALID, "the signature data is neither hexadecimal nor base64") from None
