"""Numbers, amounts and days as people write them, in the languages of documents."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from pipelines.billing.documents.model import Language, Unit
from pipelines.billing.documents.texts import TEXTS
from warehouse.money import MINOR_UNITS

# A currency of several countries is written with its code: $ alone could be any of them.
_SYMBOLS = {"EUR": "€", "GBP": "£", "INR": "₹", "USD": "$"}
# Least and most decimals: Wh; hours to a third of a second.
_UNIT_DIGITS = {"kWh": (3, 3), "h": (2, 4), "min": (0, 2)}
_PRICE_DIGITS = 6
_NO_BREAK = "\u00a0"
_MINUS = "−"


def number(value: Decimal, digits: int, language: Language, *, lakh: bool = False) -> str:
    """`value` with `digits` decimals, half-up, grouped by thousands or (`lakh`) by thousands and then hundreds."""
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    whole, _, fraction = format(abs(rounded), "f").partition(".")
    groups = [whole[-3:]]
    rest, size = whole[:-3], 2 if lakh else 3
    while rest:
        groups.insert(0, rest[-size:])
        rest = rest[:-size]
    group_mark = "." if language == "de" else ","
    text = group_mark.join(groups) + (decimal_mark(language) + fraction if fraction else "")
    return _MINUS + text if rounded < 0 else text


def decimal_mark(language: Language) -> str:
    """What stands before the decimals."""
    return "," if language == "de" else "."


def amount(value: Decimal, currency: str, language: Language) -> str:
    """An amount with the digits of its currency, without a sign for it. Rupees are grouped by lakh and crore."""
    return number(value, MINOR_UNITS[currency], language, lakh=currency == "INR")


def money(value: Decimal, currency: str, language: Language) -> str:
    """An amount with its currency: €1,234.56 or 1.234,56 €; a code where the sign could be another currency's."""
    text, symbol = amount(abs(value), currency, language), _SYMBOLS.get(currency)
    sign = _MINUS if value < 0 else ""
    if language == "de":
        return f"{sign}{text}{_NO_BREAK}{symbol or currency}"
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{currency}{_NO_BREAK}{text}"


def quantity(value: Decimal, unit: Unit, language: Language) -> str:
    """A quantity, with as many decimals as its unit is worth; those counted in pieces with what they have."""
    least, most = _UNIT_DIGITS.get(unit, (0, _PRICE_DIGITS))
    return number(value, min(_decimals(value, least), most), language)


def price(value: Decimal, currency: str, language: Language) -> str:
    """A unit price: the digits of the currency, or more where it has more (six at most)."""
    return number(value, min(_decimals(value, MINOR_UNITS[currency]), _PRICE_DIGITS), language, lakh=currency == "INR")


def percent(value: Decimal, language: Language) -> str:
    """A rate: 19%, 7.5%, in German with a space."""
    text = number(value, _decimals(value, 0), language)
    return f"{text}{_NO_BREAK}%" if language == "de" else f"{text}%"


def day(value: date, language: Language) -> str:
    """1 December 2026; 1. Dezember 2026."""
    month = TEXTS[language]["months"].split()[value.month - 1]
    dot = "." if language == "de" else ""
    return f"{value.day}{dot}{_NO_BREAK}{month}{_NO_BREAK}{value.year}"


def short_day(value: date, language: Language) -> str:
    """1 Dec 2026; 01.12.2026."""
    if language == "de":
        return f"{value:%d.%m.%Y}"
    return f"{value.day}{_NO_BREAK}{TEXTS[language]['months'].split()[value.month - 1][:3]}{_NO_BREAK}{value.year}"


def period(first: date, last: date, language: Language) -> str:
    """From the first to the last day, both counted."""
    return f"{short_day(first, language)} – {short_day(last, language)}"


def session_detail(
    language: Language,
    *,
    station: str,
    began: datetime,
    ended: datetime,
    energy_wh: Decimal | None = None,
    charging_seconds: int | None = None,
) -> str:
    """`Line.detail` of a session: station, local begin and end, energy, time that it charged; what is known of them.

    `began` and `ended` are local times of the site, `energy_wh` in Wh. The site's name is not in it: it is `Line.site`.
    """
    last = f"{ended:%H:%M}"
    if ended.date() != began.date():
        last = f"{short_day(ended, language)} {last}"
    parts = [station, f"{short_day(began, language)} {began:%H:%M}–{last}"]
    if energy_wh is not None:
        parts.append(f"{number(energy_wh.scaleb(-3), 3, language)}{_NO_BREAK}kWh")
    if charging_seconds is not None:
        minutes = (charging_seconds + 30) // 60
        parts.append(f"{minutes // 60}:{minutes % 60:02}{_NO_BREAK}h")
    return f"{_NO_BREAK}· ".join(part for part in parts if part)


def _decimals(value: Decimal, least: int) -> int:
    """How many decimals `value` needs, zeros at the end left out."""
    text = format(value, "f")
    return max(least, len(text.partition(".")[2].rstrip("0")))
