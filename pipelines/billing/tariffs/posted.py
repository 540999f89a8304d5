"""The prices of a tariff as they are posted for drivers: what costs how much, and when, VAT included where it is known.

Regulation (EU) 2023/1804 (AFIR), Article 5 (4): prices are told before the session begins, component by component, per
kWh, per minute and per session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.billing.documents import formats
from pipelines.billing.documents.model import Language
from pipelines.billing.tariffs.limits import Limit
from pipelines.billing.tariffs.model import Component, Tariff
from pipelines.billing.tariffs.restrictions import DAY_SECONDS, Restrictions
from warehouse.money import MINOR_UNITS

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "ENERGY": "Energy",
        "TIME": "Charging time",
        "PARKING_TIME": "Time plugged in without charging",
        "FLAT": "Per charge",
        "kWh": "per kWh",
        "min": "per minute",
        "h": "per hour",
        "once": "",
        "free": "free",
        "days": "Mon Tue Wed Thu Fri Sat Sun",
        "clock": "{from} to {to}",
        "from_date": "from {0} on",
        "to_date": "until before {0}",
        "min_kwh": "from {0} kWh on",
        "max_kwh": "up to {0} kWh",
        "min_duration": "from {0} min on",
        "max_duration": "up to {0} min",
        "min_power": "from {0} kW on",
        "max_power": "below {0} kW",
        "min_current": "from {0} A on",
        "max_current": "below {0} A",
        "least": "At least",
        "most": "At most",
        "net": "before VAT",
    },
    "de": {
        "ENERGY": "Energie",
        "TIME": "Ladezeit",
        "PARKING_TIME": "Angeschlossen ohne zu laden",
        "FLAT": "Je Ladevorgang",
        "kWh": "je kWh",
        "min": "je Minute",
        "h": "je Stunde",
        "once": "",
        "free": "kostenlos",
        "days": "Mo Di Mi Do Fr Sa So",
        "clock": "{from} bis {to} Uhr",
        "from_date": "ab {0}",
        "to_date": "bis vor {0}",
        "min_kwh": "ab {0} kWh",
        "max_kwh": "bis {0} kWh",
        "min_duration": "ab {0} min",
        "max_duration": "bis {0} min",
        "min_power": "ab {0} kW",
        "max_power": "unter {0} kW",
        "min_current": "ab {0} A",
        "max_current": "unter {0} A",
        "least": "Mindestens",
        "most": "Höchstens",
        "net": "ohne USt.",
    },
}
_SIXTY, _HUNDRED = Decimal(60), Decimal(100)
_DIGITS = Decimal("0.000001")
_BOUNDS = ("min_kwh", "max_kwh", "min_duration", "max_duration", "min_power", "max_power", "min_current", "max_current")


@dataclass(frozen=True, slots=True)
class Posted:
    """One price: `what` costs `price`, `when` ("": always)."""

    what: str
    price: str
    when: str = ""


def posted(tariff: Tariff, language: Language) -> list[Posted]:
    """The prices in the order in which they are tried: of two that fit the first one holds. Those of reservations are
    left out."""
    words = _WORDS[language]
    found = [
        Posted(words[component.dimension], _price(tariff, component, language), _when(element.restrictions, language))
        for element in tariff.elements
        if element.restrictions.reservation is None
        for component in element.components
    ]
    for name, limit in (("least", tariff.min_price), ("most", tariff.max_price)):
        if limit is not None:
            found.append(Posted(words[name], _limit(tariff, limit, language)))
    return found


def _price(tariff: Tariff, component: Component, language: Language) -> str:
    words = _WORDS[language]
    if component.price == 0:
        return words["free"]
    price, note = component.price, ""
    if tariff.tax_included == "NO":
        if component.vat_percent is None:
            note = f" {words['net']}"
        else:
            price *= 1 + component.vat_percent / _HUNDRED
    unit = {"ENERGY": "kWh", "FLAT": "once"}.get(component.dimension, "min")
    if unit == "min":
        a_minute = price / _SIXTY
        if a_minute == a_minute.quantize(_DIGITS):
            price = a_minute
        else:
            unit = "h"
    return " ".join(filter(None, (_amount(price, tariff.currency, language), words[unit]))) + note


def _amount(value: Decimal, currency: str, language: Language) -> str:
    """An amount with its currency, and with more decimals than the currency has where the price has more."""
    if value == round(value, MINOR_UNITS[currency]):
        return formats.money(value, currency, language)
    plain = formats.money(Decimal(0), currency, language)
    zero = formats.amount(Decimal(0), currency, language)
    return plain.replace(zero, formats.price(value, currency, language))


def _limit(tariff: Tariff, limit: Limit, language: Language) -> str:
    if limit.after_taxes is not None:
        return formats.money(limit.after_taxes, tariff.currency, language)
    note = f" {_WORDS[language]['net']}" if tariff.tax_included == "NO" else ""
    return formats.money(limit.before_taxes or Decimal(0), tariff.currency, language) + note


def _when(asked: Restrictions, language: Language) -> str:
    return ", ".join(_conditions(asked, language))


def _conditions(asked: Restrictions, language: Language) -> Iterator[str]:
    words = _WORDS[language]
    if asked.days:
        names = words["days"].split()
        yield " ".join(names[day - 1] for day in sorted(asked.days))
    if asked.start_second is not None or asked.end_second is not None:
        begin, end = _clock(asked.start_second or 0), _clock(asked.end_second or DAY_SECONDS)
        yield words["clock"].format(**{"from": begin, "to": end})
    for name, day in (("from_date", asked.start_date), ("to_date", asked.end_date)):
        if day is not None:
            yield words[name].format(formats.short_day(day, language))
    for name in _BOUNDS:
        bound: Decimal | None = getattr(asked, name)
        if bound:
            value = bound / _SIXTY if name.endswith("duration") else bound
            yield words[name].format(_plain(value, language))


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"


def _plain(value: Decimal, language: Language) -> str:
    text = format(value.quantize(Decimal("0.1")), "f").removesuffix(".0")
    return text.replace(".", formats.decimal_mark(language))
