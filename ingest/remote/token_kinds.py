"""How a token of the registry is told to stations of OCPP 2.x, which want to know its kind (IdTokenEnumType)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What OCPI's TokenType leaves open; the registry's `ocpp_type` says it where it matters.
_USUAL: Final[Mapping[str, str]] = {"RFID": "ISO14443", "EMAID": "eMAID"}


def kind_of(token_type: str, ocpp_type: str | None) -> str:
    """IdTokenEnumType of a token of OCPI's `token_type`; what is no card and no contract comes from us: Central."""
    return ocpp_type or _USUAL.get(token_type, "Central")
