"""Reading the fields of OCPI tariff objects: the value in its type, or a refusal that names place and reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from warehouse.errors import InputError


class TariffRefused(InputError):
    """A tariff that kwhouse cannot price. `field` is the place within the object, `reason` why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


def the_object(place: str, value: object, known: Collection[str]) -> Mapping[str, Any]:
    """An object that has no other members than `known`. Raises `TariffRefused`."""
    if not isinstance(value, dict):
        raise TariffRefused(place, "must be an object")
    for name in value:
        if name not in known:
            raise TariffRefused(f"{place}.{name}", "unknown field")
    return value


def decimal(place: str, value: object, digits: int, greatest: Decimal) -> Decimal:
    """A number from 0 to `greatest` with at most `digits` decimals. Raises `TariffRefused`."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TariffRefused(place, "is missing" if value is None else f"must be a number, not {value!r}")
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number <= greatest:
        raise TariffRefused(place, f"must be between 0 and {greatest}, not {value}")
    if number != round(number, digits):
        raise TariffRefused(place, f"must have at most {digits} decimals, not {value}")
    return number


def one_of(place: str, value: object, known: Collection[str]) -> str:
    """A text out of `known`. Raises `TariffRefused`."""
    if not isinstance(value, str) or value not in known:
        raise TariffRefused(place, f"must be one of {', '.join(known)}, not {value!r}")
    return value
