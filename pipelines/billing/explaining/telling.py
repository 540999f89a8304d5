"""Read what the engine left behind for one session into an explanation.

Nothing is computed a second time: elements, volumes, prices and totals are the engine's. Only why an element was passed
over is told anew, and must agree with the engine's choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines.billing.explaining.explanation import Explanation, Line, PassedOver, Period, Price, Step
from pipelines.billing.explaining.holding import reasons_against
from pipelines.billing.tariffs.model import Tariff
from pipelines.stages import sql
from warehouse.errors import KwhouseError

_HERE = Path(__file__).parent
Row = Mapping[str, Any]

# Dimension, its volume in `usage`, the engine's choice, the component that prices it.
_USED = (
    ("ENERGY", "energy_wh", "energy_element", "ENERGY"),
    ("TIME", "charging_seconds", "time_element", "TIME"),
    ("PARKING_TIME", "parking_seconds", "parking_element", "PARKING_TIME"),
    ("RESERVATION_TIME", "reservation_seconds", "reserved_time_element", "TIME"),
)
_FLAT = ("FLAT", "RESERVATION_FLAT")
NO_ELEMENT = "No element of the tariff matches anything of the session, and nothing says that it is free."


class ExplanationBroken(KwhouseError):
    """The words for why elements were passed over contradict the engine's choice: a fault of kwhouse."""

    def __init__(self, period_no: int, dimension: str, chosen: int | None, told: int | None) -> None:
        super().__init__(
            f"Period {period_no}, {dimension}: priced by element {chosen}, explained by element {told}. The price "
            "stands; this explanation cannot be trusted. Please report it with the session's tariff."
        )
        self.period_no, self.dimension, self.chosen, self.told = period_no, dimension, chosen, told


def explained(con: duckdb.DuckDBPyConnection, session_no: int, tariff: Tariff, about: Explanation) -> Explanation:
    """`about` with how the price of session `session_no` came about; `con` has just been rated (`rate.rate`)."""
    zone = ZoneInfo(about.time_zone or "UTC")
    here = {"session_no": session_no}
    prices = rows(con, "prices", here)
    lines = tuple(Line(**row) for row in rows(con, "lines", here))
    [total] = rows(con, "totals", here) or [{"has_element": False}]
    priced = bool(total["has_element"])
    return replace(
        about,
        currency=tariff.currency,
        tax_included=tariff.tax_included,
        reason=about.reason if priced else NO_ELEMENT,
        periods=tuple(_periods(rows(con, "usage", here), prices, tariff, zone, about.local_end)),
        steps=tuple(_steps(prices, tariff)),
        lines=lines if priced else (),
        least_price=None if tariff.min_price is None else tariff.min_price.before_taxes,
        greatest_price=None if tariff.max_price is None else tariff.max_price.before_taxes,
        total_excl_vat=total["total_excl_vat"] if priced else None,
        total_incl_vat=total["total_incl_vat"] if priced else None,
    )


def rows(con: duckdb.DuckDBPyConnection, name: str, parameters: Row) -> list[dict[str, Any]]:
    """Rows of the query of that name."""
    result = con.execute(sql(_HERE / f"{name}.sql"), dict(parameters))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _periods(
    usage: Sequence[Row], prices: Sequence[Row], tariff: Tariff, zone: ZoneInfo, ended: datetime | None
) -> Iterator[Period]:
    starts = [row["started_at"].astimezone(zone) for row in usage]
    for number, (row, start) in enumerate(zip(usage, starts, strict=True)):
        here = [price for price in prices if price["period_no"] == row["period_no"]]
        yield Period(
            period_no=row["period_no"],
            local_start=start,
            local_end=starts[number + 1] if number + 1 < len(starts) else ended,
            power_w=_range(row["min_power_w"], row["max_power_w"]),
            current_a=_range(row["min_current_a"], row["max_current_a"]),
            prices=tuple(_prices(row, here, tariff, start.replace(tzinfo=None))),
            **{
                name: row[name]
                for name in (
                    "energy_wh",
                    "charging_seconds",
                    "parking_seconds",
                    "reservation_seconds",
                    "session_seconds",
                    "session_energy_wh",
                    "reservation",
                )
            },
        )


def _range(least: Decimal | None, most: Decimal | None) -> tuple[Decimal, Decimal] | None:
    return None if least is None or most is None else (least, most)


def _prices(row: Row, prices: Sequence[Row], tariff: Tariff, local: datetime) -> Iterator[Price]:
    found = {price["dimension"]: price for price in prices}
    for dimension, volume, choice, component in _USED:
        # A reservation has no other prices, and charging no reservation's.
        if row[volume] > 0 and (row["reservation"] is not None) == (dimension == "RESERVATION_TIME"):
            passed = _passed_over(row, tariff, local, dimension, component, row[choice])
            yield _price(dimension, row[volume], found.get(dimension), passed)
    for dimension in _FLAT:
        if price := found.get(dimension):
            passed = _passed_over(row, tariff, local, dimension, "FLAT", price["element_no"])
            yield _price(dimension, price["volume"], price, passed)


def _price(dimension: str, volume: Decimal, price: Row | None, passed: tuple[PassedOver, ...]) -> Price:
    if price is None:
        return Price(dimension, volume, None, passed)
    unit = price["quantity_unit"]
    billed = price["billed_volume"]
    return Price(dimension, volume, price["element_no"], passed, billed, unit, price["price"], price["vat_percent"])


def _passed_over(
    row: Row, tariff: Tariff, local: datetime, dimension: str, component: str, chosen: int | None
) -> tuple[PassedOver, ...]:
    passed: list[PassedOver] = []
    for number in _tried(tariff, row["reservation"]):
        element = tariff.elements[number]
        if component not in {part.dimension for part in element.components}:
            continue
        # What is not restricted holds, even where the engine has no need to know when it was.
        reasons = () if element.restrictions.is_empty else reasons_against(element.restrictions, row, local)
        if not reasons:
            if number != chosen:
                raise ExplanationBroken(row["period_no"], dimension, chosen, number)
            return tuple(passed)
        passed.append(PassedOver(number, reasons))
    if chosen is not None:
        raise ExplanationBroken(row["period_no"], dimension, chosen, None)
    return tuple(passed)


def _tried(tariff: Tariff, reservation: str | None) -> list[int]:
    """Elements in the order in which they are tried; those of the other kind, which never hold, are not told."""
    kinds = {None: (None,), "RESERVATION": ("RESERVATION",)}.get(reservation, ("RESERVATION_EXPIRES", "RESERVATION"))
    elements = tariff.elements
    return [n for kind in kinds for n, element in enumerate(elements) if element.restrictions.reservation == kind]


def _steps(prices: Sequence[Row], tariff: Tariff) -> Iterator[Step]:
    for price in prices:
        added = price["billed_volume"] - price["volume"]
        if price["dimension"] in _FLAT or added <= 0:
            continue
        component = "TIME" if price["dimension"] == "RESERVATION_TIME" else price["dimension"]
        [size] = [
            part.step_size for part in tariff.elements[price["element_no"]].components if part.dimension == component
        ]
        used = sum((one["volume"] for one in prices if one["dimension"] == price["dimension"]), Decimal(0))
        yield Step(price["dimension"], size, used, added, price["period_no"], price["price"], price["quantity_unit"])
