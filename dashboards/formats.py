"""Numbers, moments and words as people read them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_THIN = "\N{NARROW NO-BREAK SPACE}"
UNKNOWN = "–"


def energy(kwh: float | None) -> str:
    """`912 kWh`, `48.6 MWh`, `1.25 GWh`."""
    if kwh is None:
        return UNKNOWN
    if abs(kwh) < 10_000:
        return f"{kwh:,.0f}{_THIN}kWh"
    return f"{kwh / 1e3:,.1f}{_THIN}MWh" if abs(kwh) < 10_000_000 else f"{kwh / 1e6:,.2f}{_THIN}GWh"


def count(number: int | None) -> str:
    """`27,407`."""
    return UNKNOWN if number is None else f"{number:,}"


def percent(share: float | None, digits: int = 1) -> str:
    """`12.3 %`."""
    return UNKNOWN if share is None else f"{share * 100:,.{digits}f}{_THIN}%"


def change(share: float | None) -> str | None:
    """A relative change: `+4 %`; None where there is nothing to compare with."""
    return None if share is None else f"{share * 100:+,.0f}{_THIN}%"


def points(difference: float | None) -> str | None:
    """The difference of two rates: `-0.8 pp` (percentage points)."""
    return None if difference is None else f"{difference * 100:+,.1f}{_THIN}pp"


def money(amount: float | None, currency: str | None, digits: int = 0) -> str:
    """`$48,120`, `CHF 12`."""
    if amount is None:
        return UNKNOWN
    symbol = _SYMBOLS.get(currency or "", f"{currency or ''}{_THIN}")
    return f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.{digits}f}"


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


def words(name: str) -> str:
    """`seasonal_naive` as `Seasonal naive`."""
    return name.replace("_", " ").capitalize()
