"""Numbers, moments and words as people read them."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_THIN = "\N{NARROW NO-BREAK SPACE}"
UNKNOWN = "–"
_SPELLED = {
    "cdr": "CDR",
    "cdrs": "CDRs",
    "vat": "VAT",
    "kwh": "kWh",
    "ocpi": "OCPI",
    "datev": "DATEV",
    "excl": "excl.",
    "incl": "incl.",
}
_DIGITS = {"kWh": 0, "MWh": 1, "GWh": 2}


def energy_unit(kwh: float | None) -> tuple[float, str]:
    """How many kWh the unit holds in which so much is told, and its name: that of a page whose sum this is."""
    if abs(kwh or 0) < 10_000:
        return 1, "kWh"
    return (1e3, "MWh") if abs(kwh or 0) < 10_000_000 else (1e6, "GWh")


def energy(kwh: float | None, beside: float | None = None) -> str:
    """`912 kWh`, `48.6 MWh`, `1.25 GWh`; in the unit of `beside` where that is the greater one of a pair."""
    if kwh is None:
        return UNKNOWN
    size, unit = energy_unit(max(abs(kwh), abs(beside or 0)))
    return f"{kwh / size:,.{_DIGITS[unit]}f}{_THIN}{unit}"


def count(number: int | None) -> str:
    """`27,407`."""
    return UNKNOWN if number is None else f"{number:,}"


def percent(share: float | None) -> str:
    """`12.3 %`."""
    return UNKNOWN if share is None else f"{share * 100:,.1f}{_THIN}%"


def change(share: float | None) -> str | None:
    """A relative change: `+4.1 %`; None where there is nothing to compare with."""
    return None if share is None else f"{share * 100:+,.1f}{_THIN}%"


def points(difference: float | None) -> str | None:
    """The difference of two rates: `-0.8 pp` (percentage points)."""
    return None if difference is None else f"{difference * 100:+,.1f}{_THIN}pp"


def symbol(currency: str | None) -> str:
    """`$`, `CHF `: what stands before an amount."""
    return _SYMBOLS.get(currency or "", f"{currency or ''}{_THIN}")


def money(amount: float | None, currency: str | None, digits: int = 0) -> str:
    """`$48,120`, `CHF 12`."""
    if amount is None:
        return UNKNOWN
    return f"{'-' if amount < 0 else ''}{symbol(currency)}{abs(amount):,.{digits}f}"


def day(value: date) -> str:
    """`31 Aug 2021`."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime, time_zone: str) -> str:
    """`31 Aug 2021, 23:40` in that zone."""
    local = value.astimezone(ZoneInfo(time_zone))
    return f"{local.day} {local:%b %Y, %H:%M}"


def duration(seconds: float | None) -> str:
    """`7 h 05 min`."""
    if seconds is None:
        return UNKNOWN
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}{_THIN}h {minutes:02}{_THIN}min" if hours else f"{minutes}{_THIN}min"


def plain(text: str | None) -> str:
    """Free text for Markdown, meaning what it says: nothing in it is a mark. None: not told, or not theirs to see."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|$<>~:&])", r"\\\1", " ".join((text or "–").split()))


def words(name: str) -> str:
    """`seasonal_naive` as `Seasonal naive`, `vat_summary` as `VAT summary`."""
    first, *rest = name.split("_")
    return " ".join((_SPELLED.get(first, first.capitalize()), *(_SPELLED.get(word, word) for word in rest)))
