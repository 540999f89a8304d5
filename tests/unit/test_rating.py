"""Prices worked out by hand, and the OCPI vectors that need no restrictions."""

from __future__ import annotations

import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.billing.rate import GREATEST_VOLUME, load_components, rate
from pipelines.billing.tariffs import DIMENSIONS, Component, TariffRefused, parse_tariff

pytestmark = pytest.mark.fast

Usage = tuple[object, object, object]  # energy_wh, charging_seconds, parking_seconds


def price(components: tuple[Component, ...], *periods: Usage) -> tuple[list[dict[str, Any]], Decimal, Decimal | None]:
    """Lines and totals of one session."""
    with duckdb.connect() as con:
        load_components(con, [("T", 1, components)])
        con.execute(
            "CREATE TEMP TABLE usage (session_id VARCHAR, period_no INTEGER, tariff_id VARCHAR, tariff_version INTEGER,"
            " energy_wh DECIMAL(18,6), charging_seconds DECIMAL(18,6), parking_seconds DECIMAL(18,6))"
        )
        for number, volumes in enumerate(periods, start=1):
            con.execute("INSERT INTO usage VALUES ('S', ?, 'T', 1, ?, ?, ?)", [number, *map(str, volumes)])
        rate(con)
        result = con.execute("SELECT * FROM rated_lines ORDER BY line_no")
        names = [column[0] for column in result.description]
        lines = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        excl, incl = con.execute("SELECT total_excl_vat, total_incl_vat FROM rated_totals").fetchall()[0]
        return lines, excl, incl


def component(dimension: str, amount: str, step: int = 1, vat: str | None = "0", element: int = 0) -> Component:
    return Component(element, dimension, Decimal(amount), None if vat is None else Decimal(vat), step)


def test_energy_is_billed_in_whole_steps_and_kwh() -> None:
    lines, excl, incl = price((component("ENERGY", "0.25", 1, "10"),), ("115.2", 0, 0))
    assert lines[0]["quantity"] == Decimal("0.116")
    assert lines[0]["amount_excl_vat"] == Decimal("0.029")
    assert (excl, incl) == (Decimal("0.0290"), Decimal("0.0319"))


@pytest.mark.parametrize(
    ("wh", "step", "kwh"), [(101, 25, "0.125"), (125, 25, "0.125"), (1, 500, "0.5"), (500, 500, "0.5")]
)
def test_energy_steps_of_the_specification(wh: int, step: int, kwh: str) -> None:
    lines, _, _ = price((component("ENERGY", "0.25", step),), (wh, 0, 0))
    assert lines[0]["quantity"] == Decimal(kwh)


def test_charging_time_is_not_stepped_when_paid_parking_follows() -> None:
    both = (component("TIME", "1", 600), component("PARKING_TIME", "2", 600))
    lines, excl, _ = price(both, (0, 21 * 60, 0), (0, 0, 16 * 60))
    assert [(line["dimension"], line["quantity"]) for line in lines] == [
        ("TIME", Decimal("0.35")),
        ("PARKING_TIME", Decimal("0.333333")),
    ]
    assert excl == Decimal("1.0167")
    stepped, _, _ = price((both[0],), (0, 21 * 60, 0), (0, 0, 16 * 60))
    assert stepped[0]["quantity"] == Decimal("0.5")


def test_a_total_is_rounded_once_and_not_line_by_line() -> None:
    # 0.00004 + 0.00004: each line would round to 0.
    tariff = (component("ENERGY", "0.04"), component("FLAT", "0.00004"))
    _, excl, _ = price(tariff, (1, 0, 0))
    assert excl == Decimal("0.0001")


def test_a_third_of_a_cent_does_not_lose_the_tie() -> None:
    # 30 s at 0.245 an hour and 20 % VAT are 0.00245 exactly, half-way between two roundings.
    _, _, incl = price((component("TIME", "0.245", 1, "20"),), (0, 30, 0))
    assert incl == Decimal("0.0025")


def test_unknown_vat_makes_the_gross_unknown() -> None:
    _, excl, incl = price((component("ENERGY", "1", vat=None), component("FLAT", "1", vat="19")), (1000, 0, 0))
    assert (excl, incl) == (Decimal(2), None)


def test_a_dimension_without_component_is_free_and_the_first_element_wins() -> None:
    tariff = (component("ENERGY", "1"), component("ENERGY", "9", element=1), component("FLAT", "2", element=1))
    lines, excl, _ = price(tariff, (1000, 3600, 3600))
    assert [(line["dimension"], line["element_no"]) for line in lines] == [("ENERGY", 0), ("FLAT", 1)]
    assert excl == Decimal(3)


def test_a_session_without_a_priced_line_costs_nothing() -> None:
    assert price((component("ENERGY", "1"),), (0, 60, 0)) == ([], Decimal(0), Decimal(0))


def test_the_greatest_volumes_and_prices_do_not_overflow() -> None:
    tariff = tuple(component(dimension, "1000000", vat="100") for dimension in DIMENSIONS)
    _, excl, incl = price(tariff, (GREATEST_VOLUME, GREATEST_VOLUME, GREATEST_VOLUME))
    # 10⁶ kWh, twice 10⁹ ÷ 3600 hours, one session, each at 10⁶.
    assert excl == Decimal("1555556555555.5556")
    assert incl == Decimal("3111113111111.1111")


# ---- vectors of the specification and of tandemdrive, read where they are


def _vectors() -> list[Any]:
    folder = os.environ.get("KWHOUSE_REFERENCE_DATA")
    if not folder:
        return [pytest.param(None, marks=pytest.mark.skip("KWHOUSE_REFERENCE_DATA is not set: no OCPI vectors"))]
    paths = sorted((Path(folder) / "ocpi-vectors").glob("*.json"))
    return [pytest.param(vector, id=path.stem) for path in paths if "tariff" in _flat(vector := _read(path))]


def _read(path: Path) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return vector


def _flat(vector: dict[str, Any]) -> dict[str, Any]:
    """The vector with its tariff on top. Some vectors give it only in words; tests above hold those."""
    inside = vector.get("cdr", {}).get("tariffs")
    return {**vector, "tariff": inside[0]} if inside else vector


@pytest.mark.parametrize("vector", _vectors())
def test_ocpi_vector_is_priced_right_or_refused(vector: dict[str, Any]) -> None:
    tariff = _flat(vector)["tariff"]
    if _needs_more_than_four_plain_components(tariff):
        with pytest.raises(TariffRefused, match="not supported yet"):
            parse_tariff(tariff)
        return
    components = parse_tariff(tariff)
    _, excl, incl = price(components, *_usage(vector))
    checks = {name: Decimal(check["exact"]) for name, check in vector["hand_check"].items()}
    assert excl == round(checks.get("excl", checks.get("before")), 4)
    if "incl" in checks:
        assert incl == round(checks["incl"], 4)
    elif "tax" in checks:
        assert incl == excl + round(checks["tax"], 4)
    else:
        assert incl is None


def _needs_more_than_four_plain_components(tariff: dict[str, Any]) -> bool:
    bounded = "min_price" in tariff or "max_price" in tariff
    restricted = any(element.get("restrictions") for element in tariff["elements"])
    return bounded or restricted or tariff.get("tax_included") == "YES"


def _usage(vector: dict[str, Any]) -> list[Usage]:
    if "session" in vector:
        return [_period(period) for period in vector["session"]["periods"]]
    volumes = [
        {dimension["type"]: Decimal(dimension["volume"]) for dimension in period["dimensions"]}
        for period in vector["cdr"]["charging_periods"]
    ]
    return [(v.get("ENERGY", 0) * 1000, v.get("TIME", 0) * 3600, v.get("PARKING_TIME", 0) * 3600) for v in volumes]


def _period(period: dict[str, Any]) -> Usage:
    begin, end = (datetime.fromisoformat(period[name]) for name in ("start", "end"))
    seconds = int((end - begin).total_seconds())
    charging = period["state"] == "CHARGING"
    return Decimal(period.get("energy_kwh", "0")) * 1000, seconds if charging else 0, 0 if charging else seconds
