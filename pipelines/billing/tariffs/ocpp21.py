"""OCPP 2.1 tariffs (TariffType of SetDefaultTariff and ChangeTransactionTariff) as OCPI tariff objects.

Each price becomes a tariff element of its own, in the order given, so that of a dimension the first one that holds
counts in both. Prices a minute become prices an hour, Wh kWh, and W kW, exactly. There are no steps in OCPP: 1 Wh and
1 s. The conditions of a fixed fee are those of the transaction's start (TariffConditionsFixedType), while OCPI would
charge it also when they come to hold later: with conditions it is bound to the first second, `max_duration` 1.

What OCPI cannot say is refused with its place; no price is left out silently. Texts for drivers become
`tariff_alt_text`; of a tax the rate is taken, and not the name that OCPP has for receipts.
Source: OCPP 2.1 edition 1, part 2, data types; schema SetDefaultTariffRequest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pipelines.billing.refusal import TariffRefused
from pipelines.billing.tariffs.model import parse_tariff

# Field of TariffType, field of its price, OCPI dimension, factor of the price, reservation.
_PARTS = (
    ("energy", "priceKwh", "ENERGY", 1, None),
    ("chargingTime", "priceMinute", "TIME", 60, None),
    ("idleTime", "priceMinute", "PARKING_TIME", 60, None),
    ("fixedFee", "priceFixed", "FLAT", 1, None),
    ("reservationTime", "priceMinute", "TIME", 60, "RESERVATION"),
    ("reservationFixed", "priceFixed", "FLAT", 1, "RESERVATION"),
)
_OTHERS = {"tariffId", "currency", "description", "validFrom", "minCost", "maxCost"}
# Condition, OCPI restriction, divisor.
_CONDITIONS = {
    "startTimeOfDay": ("start_time", None),
    "endTimeOfDay": ("end_time", None),
    "validFromDate": ("start_date", None),
    "validToDate": ("end_date", None),
    "minEnergy": ("min_kwh", 1000),
    "maxEnergy": ("max_kwh", 1000),
    "minCurrent": ("min_current", 1),
    "maxCurrent": ("max_current", 1),
    "minPower": ("min_power", 1000),
    "maxPower": ("max_power", 1000),
    "minTime": ("min_duration", 1),
    "maxTime": ("max_duration", 1),
}
_UNKNOWN_TO_OCPI = {
    "minChargingTime": "OCPI counts durations of the whole session only",
    "maxChargingTime": "OCPI counts durations of the whole session only",
    "minIdleTime": "OCPI counts durations of the whole session only",
    "maxIdleTime": "OCPI counts durations of the whole session only",
    "evseKind": "OCPI has no such restriction: assign a tariff of its own to those connectors",
    "paymentBrand": "OCPI has no such restriction",
    "paymentRecognition": "OCPI has no such restriction",
}
_DAYS = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
_TEXTS = ("UTF8", "ASCII")
_LANGUAGE = re.compile(r"[A-Za-z]{2}")
_NO_DATA = "OCPI has no place for it"

Refusals = list[TariffRefused]


def from_ocpp21(tariff: Mapping[str, Any]) -> dict[str, Any] | Refusals:
    """A TariffType, read by `warehouse.exact_json`, as an OCPI 2.2.1 tariff object; or all that stands against it.

    `validFrom` becomes `start_date_time`. A price without taxRates has no VAT, which is not 0 %.
    """
    refused: Refusals = []
    known = {name for name, *_ in _PARTS} | _OTHERS
    _unknown("", tariff, known, refused)
    elements = [
        element
        for name, price, dimension, factor, reservation in _PARTS
        if tariff.get(name) is not None
        for element in _elements(name, tariff[name], price, (dimension, factor, reservation), refused)
    ]
    found: dict[str, Any] = {"id": tariff.get("tariffId"), "currency": tariff.get("currency"), "elements": elements}
    if not isinstance(found["id"], str) or not found["id"]:
        refused.append(TariffRefused("tariffId", "is missing"))
    if (start := tariff.get("validFrom")) is not None:
        found["start_date_time"] = start
    for name, limit in (("minCost", "min_price"), ("maxCost", "max_price")):
        if tariff.get(name) is not None:
            found[limit] = _limit(name, tariff[name], refused)
    if (texts := tariff.get("description")) is not None:
        found["tariff_alt_text"] = list(_texts(texts, refused))
    if refused:
        return refused
    try:
        parse_tariff(found)
    except TariffRefused as why:
        return [why]
    return found


def _unknown(place: str, value: Mapping[str, Any], known: set[str], refused: Refusals) -> None:
    for name, item in value.items():
        if item is None or name in known:
            continue
        reason = _NO_DATA if name == "customData" else "unknown field"
        refused.append(TariffRefused(f"{place}.{name}".lstrip("."), reason))


def _object(place: str, value: object, known: set[str], refused: Refusals) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        refused.append(TariffRefused(place, "must be an object"))
        return {}
    _unknown(place, value, known, refused)
    return value


def _list(place: str, value: object, refused: Refusals) -> list[Any]:
    if isinstance(value, list) and value:
        return value
    refused.append(TariffRefused(place, "must be a list with at least one item"))
    return []


def _elements(
    part: str, value: object, price_name: str, kind: tuple[str, int, str | None], refused: Refusals
) -> Iterator[dict[str, Any]]:
    dimension, factor, reservation = kind
    given = _object(part, value, {"prices", "taxRates"}, refused)
    vat = _vat(f"{part}.taxRates", given.get("taxRates"), refused)
    for number, item in enumerate(_list(f"{part}.prices", given.get("prices"), refused)):
        place = f"{part}.prices[{number}]"
        price = _object(place, item, {price_name, "conditions"}, refused)
        amount = price.get(price_name)
        if not isinstance(amount, Decimal) or amount < 0:
            refused.append(TariffRefused(f"{place}.{price_name}", f"must be a number from 0, not {_shown(amount)}"))
            continue
        component: dict[str, Any] = {"type": dimension, "price": amount * factor, "step_size": Decimal(1)}
        if vat is not None:
            component["vat"] = vat
        asked = _conditions(f"{place}.conditions", price.get("conditions"), refused)
        if dimension == "FLAT" and asked:
            asked["max_duration"] = Decimal(1)
        if reservation is not None:
            asked["reservation"] = reservation
        yield {"price_components": [component], **({"restrictions": asked} if asked else {})}


def _conditions(place: str, value: object, refused: Refusals) -> dict[str, Any]:
    if value is None:
        return {}
    known = {*_CONDITIONS, *_UNKNOWN_TO_OCPI, "dayOfWeek"}
    asked: dict[str, Any] = {}
    for name, item in _object(place, value, known, refused).items():
        if item is None or name not in known:
            continue
        if name in _UNKNOWN_TO_OCPI:
            refused.append(TariffRefused(f"{place}.{name}", _UNKNOWN_TO_OCPI[name]))
        elif name == "dayOfWeek":
            days = _list(f"{place}.{name}", item, refused)
            if wrong := [day for day in days if day not in _DAYS]:
                refused.append(TariffRefused(f"{place}.{name}", f"{_shown(wrong[0])} is no weekday"))
            else:
                asked["day_of_week"] = [day.upper() for day in days]
        else:
            restriction, divisor = _CONDITIONS[name]
            asked[restriction] = item if divisor is None else _bound(f"{place}.{name}", item, divisor, refused)
    return asked


def _bound(place: str, value: object, divisor: int, refused: Refusals) -> Decimal | None:
    if not isinstance(value, Decimal):
        refused.append(TariffRefused(place, f"must be a number, not {_shown(value)}"))
    elif value < 0:
        refused.append(TariffRefused(place, f"{value} is about discharging, which OCPI tariffs do not price"))
    else:
        return value / divisor
    return None


def _vat(place: str, value: object, refused: Refusals) -> Decimal | None:
    if value is None:
        return None
    rates = _list(place, value, refused)
    if len(rates) > 1:
        refused.append(TariffRefused(place, "several taxes: an OCPI price component has one rate"))
        return None
    for rate in rates:
        tax = _object(f"{place}[0]", rate, {"type", "tax", "stack"}, refused).get("tax")
        if isinstance(tax, Decimal):
            return tax
        refused.append(TariffRefused(f"{place}[0].tax", f"must be a number, not {_shown(tax)}"))
    return None


def _limit(place: str, value: object, refused: Refusals) -> dict[str, Any]:
    given = _object(place, value, {"exclTax", "inclTax", "taxRates"}, refused)
    net, gross = given.get("exclTax"), given.get("inclTax")
    if not isinstance(net, Decimal):
        refused.append(TariffRefused(f"{place}.exclTax", "is missing: OCPI bounds the price before taxes"))
        return {}
    rate = _vat(f"{place}.taxRates", given.get("taxRates"), refused)
    if rate is not None:
        # OCPI bounds have no rate of their own: it must say the same as the two amounts, to what their digits tell.
        exact = net * (100 + rate) / 100
        if not isinstance(gross, Decimal):
            gross = exact
        elif abs(exact - gross) * 2 > Decimal(1).scaleb(min(0, int(gross.as_tuple().exponent))):
            refused.append(TariffRefused(place, f"exclTax {net} with {rate} % is {exact}, and inclTax is {gross}"))
    return {"excl_vat": net, **({} if gross is None else {"incl_vat": gross})}


def _texts(value: object, refused: Refusals) -> Iterator[dict[str, str]]:
    for number, item in enumerate(_list("description", value, refused)):
        place = f"description[{number}]"
        text = _object(place, item, {"format", "language", "content"}, refused)
        language, content = text.get("language"), text.get("content")
        if text.get("format") not in _TEXTS:
            reason = f"OCPI has plain texts only, not {_shown(text.get('format'))}"
            refused.append(TariffRefused(f"{place}.format", reason))
        elif not isinstance(content, str):
            refused.append(TariffRefused(f"{place}.content", "is missing"))
        elif not isinstance(language, str) or _LANGUAGE.match(language) is None:
            refused.append(TariffRefused(f"{place}.language", "is missing, and OCPI texts have one: en, de, …"))
        else:
            yield {"language": language[:2].lower(), "text": content}


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value) if isinstance(value, Decimal) else repr(value)
