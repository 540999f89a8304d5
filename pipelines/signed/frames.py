"""The signed values of one frame: OCPP 1.6 puts them among the sampled values as text, OCPP 2.x beside them.

OCPP 1.6: a SampledValue with format SignedData, whose value is the record, or OCPP 2.x's structure as JSON text (Open
Charge Alliance, "Signed meter values in OCPP"). OCPP 2.x: SampledValue.signedMeterValue with the record in base64.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OCMF = "OCMF|"
_GREATEST_LENGTH = 1_048_576  # characters; no frame is longer


@dataclass(frozen=True, slots=True)
class SignedValue:
    """A signed value: the record as text, with the public key where the message brings one.

    `encoding`: what the message calls the format. `is_ocmf`: it is to be read as OCMF.
    """

    text: str
    public_key: str | None = None
    encoding: str | None = None

    @property
    def is_ocmf(self) -> bool:
        return self.text.lstrip()[:3] == "OCM" or (self.encoding or "").strip().upper() == "OCMF"


def signed_values(payload: str) -> list[SignedValue]:
    """The signed values of a payload, in its order; none where it holds none or is no JSON. Never raises."""
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return []
    found: list[SignedValue] = []
    for name in ("meterValue", "transactionData"):
        for one in _objects(body, name):
            found.extend(value for sample in _objects(one, "sampledValue") for value in _of_sample(sample))
    return found


def _objects(holder: Any, name: str) -> list[dict[str, Any]]:
    """A list's objects; a station may send a lone one without its list."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _of_sample(sample: dict[str, Any]) -> Iterator[SignedValue]:
    structure = sample.get("signedMeterValue")
    if isinstance(structure, dict) and (value := _structured(structure)):
        yield value
    value = sample.get("value")
    if isinstance(value, str) and (sample.get("format") == "SignedData" or value.lstrip().startswith(OCMF)):
        yield _inner(value) or SignedValue(unwrapped(value))


def _inner(text: str) -> SignedValue | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        structure = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _structured(structure) if isinstance(structure, dict) else None


def _structured(told: dict[str, Any]) -> SignedValue | None:
    data, key, encoding = (told.get(name) for name in ("signedMeterData", "publicKey", "encodingMethod"))
    if not isinstance(data, str) or not data.strip():
        return None
    return SignedValue(
        unwrapped(data),
        key if isinstance(key, str) and key.strip() else None,
        encoding if isinstance(encoding, str) else None,
    )


def unwrapped(text: str) -> str:
    """The record itself, where it was sent in base64 or in hexadecimal digits; else the text as it is."""
    if len(text) > _GREATEST_LENGTH or text.lstrip().startswith(OCMF):
        return text
    compact = "".join(text.split())
    try:
        if re.fullmatch(r"([0-9A-Fa-f]{2})+", compact):
            data = bytes.fromhex(compact)
        else:
            data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
        inner = data.decode("utf-8")
    except (binascii.Error, ValueError):
        return text
    return inner if inner.lstrip().startswith("OCM") else text
