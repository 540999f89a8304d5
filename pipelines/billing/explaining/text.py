"""An explanation in plain words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from pipelines.billing.checking.words import joined, plain, span_of_time
from pipelines.billing.explaining.explanation import Explanation, Line, Period, Price, Step
from pipelines.billing.tariffs.model import DIMENSIONS

_TAXES = {"NO": "prices before taxes", "YES": "prices with taxes", "N/A": "no taxes apply"}
_TIMES = ("TIME", "PARKING_TIME", "RESERVATION_TIME")
# Columns of lines: wide enough for RESERVATION_TIME.
_WIDTH = 18


def in_words(told: Explanation) -> str:
    """The whole explanation."""
    parts = [_head(told), "\n".join(_tariff(told)), *("\n".join(_period(told, period)) for period in told.periods)]
    parts += ["\n".join(_steps(told)), "\n".join(_total(told))]
    return "\n\n".join(part for part in parts if part)


def _head(told: Explanation) -> str:
    when = ""
    if told.local_start is not None:
        when = f", {told.local_start:%Y-%m-%d} {_times(told.local_start, told.local_end)} ({told.time_zone})"
    named = told.session if told.place is None else f"Session {told.session}"
    return f"{named}{'' if told.place is None else f' at {told.place}'}{when}"


def _times(start: datetime, end: datetime | None) -> str:
    if end is None:
        return f"from {start:%H:%M:%S}"
    day = "" if end.date() == start.date() else f"{end:%Y-%m-%d} "
    return f"{start:%H:%M:%S} to {day}{end:%H:%M:%S}"


def _tariff(told: Explanation) -> Iterator[str]:
    if told.tariff_id is not None or told.periods:
        version = "" if told.tariff_version is None else f" version {told.tariff_version}"
        terms = f": {told.currency}, {_TAXES[told.tax_included]}" if told.periods else ""
        yield f"Tariff {told.tariff_id or 'without an id'}{version}{terms}"
    for rule in told.rules:
        bound = joined(rule.names) or "everywhere and for everybody"
        if rule.won:
            yield f"  by assignment {rule.assignment_id} ({bound}), the most particular one that fits"
        else:
            yield f"  not by assignment {rule.assignment_id} ({bound}): tariff {rule.tariff_id}"
    if told.reason is not None:
        yield f"No price: {told.reason}"


def _period(told: Explanation, period: Period) -> Iterator[str]:
    used = [
        f"{plain(volume if unit == 's' else volume / 1000)} {unit}"
        if unit == "kWh"
        else f"{span_of_time(volume)} {what}"
        for volume, unit, what in (
            (period.energy_wh, "kWh", ""),
            (period.charging_seconds, "s", "charging"),
            (period.parking_seconds, "s", "parking"),
            (period.reservation_seconds, "s", "reserved"),
        )
        if volume
    ]
    yield f"{period.period_no}. {_times(period.local_start, period.local_end)}: {joined(used) or 'nothing used'}"
    if conditions := _conditions(period):
        yield f"   {conditions}"
    for price in period.prices:
        yield f"   {price.dimension:<{_WIDTH}}{_price(told, price)}"
        for passed in price.passed_over:
            yield f"   {'':<{_WIDTH}}not element {passed.element_no}: {joined(passed.reasons)}"


def _conditions(period: Period) -> str:
    parts = []
    if period.session_seconds:
        parts.append(f"{span_of_time(period.session_seconds)} after the start")
    if period.session_energy_wh:
        parts.append(f"{plain(period.session_energy_wh / 1000)} kWh so far")
    if period.power_w is not None:
        parts.append(f"power {_range(*period.power_w, factor=1000)} kW")
    if period.current_a is not None:
        parts.append(f"current {_range(*period.current_a)} A")
    return ", ".join(parts)


def _range(least: Decimal, most: Decimal, factor: int = 1) -> str:
    low, high = plain(round(least / factor, 3)), plain(round(most / factor, 3))
    return low if low == high else f"{low} to {high}"


def _price(told: Explanation, price: Price) -> str:
    if price.element_no is None or price.price is None:
        why = "no element with this dimension holds" if price.passed_over else "the tariff has no price for it"
        return f"{_volume(price.dimension, price.volume)}: free, {why}"
    vat = "VAT not known" if price.vat_percent is None else f"VAT {plain(price.vat_percent)} %"
    cost = f"{plain(price.price)} {told.currency}"
    if price.dimension in ("FLAT", "RESERVATION_FLAT"):
        return f"{cost} once (element {price.element_no}, {vat})"
    return f"{_volume(price.dimension, price.volume)} at {cost} per {price.unit} (element {price.element_no}, {vat})"


def _volume(dimension: str, volume: Decimal) -> str:
    return span_of_time(volume) if dimension in _TIMES else f"{plain(volume / 1000)} kWh"


def _steps(told: Explanation) -> Iterator[str]:
    yield from (_step(told, step) for step in told.steps)


def _step(told: Explanation, step: Step) -> str:
    size = span_of_time(step.step_size) if step.dimension in _TIMES else f"{step.step_size} Wh"
    return (
        f"{step.dimension}: {_volume(step.dimension, step.used)} is rounded up to steps of {size}; the "
        f"{_volume(step.dimension, step.added)} more is billed in period {step.period_no} at {plain(step.price)} "
        f"{told.currency} per {step.unit}"
    )


def _total(told: Explanation) -> Iterator[str]:
    for line in told.lines:
        yield f"{line.dimension:<{_WIDTH}}{_line(told, line)}"
    if told.total_excl_vat is not None or told.total_incl_vat is not None:
        yield f"{'Total':<{_WIDTH}}{_amounts(told, told.total_excl_vat, told.total_incl_vat)}"
    if told.reverse_charge:
        yield "The holder of the contract owes the VAT (reverse charge): none is charged."
    if not told.is_stored:
        return
    same = all(
        stored is None or stored == ours
        for stored, ours in ((told.stored_excl_vat, told.total_excl_vat), (told.stored_incl_vat, told.total_incl_vat))
    )
    if same:
        yield "The CDR says the same."
    else:
        yield f"The CDR says otherwise: {_amounts(told, told.stored_excl_vat, told.stored_incl_vat)}."


def _line(told: Explanation, line: Line) -> str:
    amounts = _amounts(told, line.amount_excl_vat, line.amount_incl_vat)
    if line.dimension == "MIN_PRICE":
        return f"{amounts}: up to the least price, {_bound(told, told.least_price)}"
    if line.dimension == "MAX_PRICE":
        return f"{amounts}: down to the greatest price, {_bound(told, told.greatest_price)}"
    if line.dimension not in (*DIMENSIONS, "RESERVATION_TIME") or line.dimension == "FLAT":
        return amounts
    return f"{plain(line.quantity)} {line.quantity_unit} × {plain(line.price)} = {amounts}"


def _bound(told: Explanation, bound: Decimal | None) -> str:
    return "" if bound is None else f"{plain(bound)} {told.currency} before taxes"


def _amounts(told: Explanation, net: Decimal | None, gross: Decimal | None) -> str:
    before = "before taxes not known" if net is None else f"{plain(net)} {told.currency} before taxes"
    after = "with taxes not known" if gross is None else f"{plain(gross)} with taxes"
    return f"{before}, {after}"
