"""Explanations of CDRs: the words as they are printed, and the engine's own figures in them."""

from __future__ import annotations

import dataclasses
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings

from pipelines.billing.explaining import Explanation, explain_cdr, in_words
from pipelines.billing.explaining.telling import ExplanationBroken, explained
from pipelines.billing.rating.lines import rate_lines
from pipelines.billing.rating.rate import rate
from pipelines.billing.rating.sent_cdrs import CdrRefused
from pipelines.billing.rating.tables import load_tariffs
from pipelines.billing.tariffs.model import Tariff
from tests.drawn_tariffs import sessions, tariffs
from tests.rated import USAGE, Period, component, element, read_tariff, tariff, usage_rows
from warehouse import exact_json
from warehouse.plain import for_json

pytestmark = pytest.mark.fast

BERLIN = ZoneInfo("Europe/Berlin")


def price(dimension: str, amount: float, step: int = 1, vat: float | None = 19) -> dict[str, Any]:
    return {"type": dimension, "price": amount, "vat": vat, "step_size": step}


def read(value: object) -> Any:
    return exact_json.loads(json.dumps(value))


def told(cdr: dict[str, Any], terms: dict[str, Any], zone: ZoneInfo | None = BERLIN) -> Explanation:
    return explain_cdr(read(cdr), read(terms), zone)


def period(at: str, **volumes: float) -> dict[str, Any]:
    return {"start_date_time": at, "dimensions": [{"type": name, "volume": x} for name, x in volumes.items()]}


DAY_NIGHT = {
    "id": "day-night",
    "currency": "EUR",
    "min_price": {"excl_vat": 3},
    "elements": [
        {"price_components": [price("FLAT", 0.5)]},
        {
            "price_components": [price("ENERGY", 0.27, 500)],
            "restrictions": {"start_time": "17:00", "end_time": "00:00", "day_of_week": ["MONDAY"]},
        },
        {"price_components": [price("ENERGY", 0.20, 500)], "restrictions": {"max_kwh": 4, "min_power": 11}},
        {"price_components": [price("ENERGY", 0.19, 500)], "restrictions": {"max_kwh": 4}},
        {"price_components": [price("PARKING_TIME", 3)], "restrictions": {"min_duration": 7200}},
    ],
}
EVENING = {
    "id": "c1",
    "currency": "EUR",
    "start_date_time": "2026-01-12T15:00:00Z",
    "end_date_time": "2026-01-12T17:10:00Z",
    "total_cost": {"excl_vat": 3.1},
    "charging_periods": [
        period("2026-01-12T15:00:00Z", ENERGY=4.3, TIME=1, MIN_POWER=3.7, MAX_POWER=4.6),
        period("2026-01-12T16:00:00Z", ENERGY=1.1, TIME=0.5),
        period("2026-01-12T16:30:00Z", PARKING_TIME=0.5),
        period("2026-01-12T17:00:00Z", PARKING_TIME=0.1667),
    ],
}
IN_WORDS = """\
CDR c1, 2026-01-12 16:00:00 to 18:10:00 (Europe/Berlin)

Tariff day-night: EUR, prices before taxes

1. 16:00:00 to 17:00:00: 4.3 kWh and 1 h charging
   power 3.7 to 4.6 kW
   ENERGY            4.3 kWh at 0.19 EUR per kWh (element 3, VAT 19 %)
                     not element 1: 16:00:00 is not within 17:00–24:00
                     not element 2: power 3.7 kW is below 11 kW
   TIME              1 h: free, the tariff has no price for it
   FLAT              0.5 EUR once (element 0, VAT 19 %)

2. 17:00:00 to 17:30:00: 1.1 kWh and 30 min charging
   1 h after the start, 4.3 kWh so far
   ENERGY            1.1 kWh at 0.27 EUR per kWh (element 1, VAT 19 %)
   TIME              30 min: free, the tariff has no price for it

3. 17:30:00 to 18:00:00: 30 min parking
   1 h 30 min after the start, 5.4 kWh so far
   PARKING_TIME      30 min: free, no element with this dimension holds
                     not element 4: 1 h 30 min since the start are below 2 h

4. 18:00:00 to 18:10:00: 10 min parking
   2 h after the start, 5.4 kWh so far
   PARKING_TIME      10 min at 3 EUR per h (element 4, VAT 19 %)

ENERGY: 5.4 kWh is rounded up to steps of 500 Wh; the 0.1 kWh more is billed in period 2 at 0.27 EUR per kWh

ENERGY            1.2 kWh × 0.27 = 0.324 EUR before taxes, 0.38556 with taxes
ENERGY            4.3 kWh × 0.19 = 0.817 EUR before taxes, 0.97223 with taxes
PARKING_TIME      0.166667 h × 3 = 0.5 EUR before taxes, 0.595 with taxes
FLAT              0.5 EUR before taxes, 0.595 with taxes
MIN_PRICE         0.859 EUR before taxes, 1.02221 with taxes: up to the least price, 3 EUR before taxes
Total             3 EUR before taxes, 3.57 with taxes
The CDR says otherwise: 3.1 EUR before taxes, with taxes not known."""


def test_a_whole_explanation_in_words() -> None:
    assert in_words(told(EVENING, DAY_NIGHT)) == IN_WORDS


def test_the_same_as_json() -> None:
    found = json.loads(json.dumps(for_json(dataclasses.asdict(told(EVENING, DAY_NIGHT)))))
    assert found["periods"][0]["prices"][0] == {
        "dimension": "ENERGY",
        "volume": "4300.000000",
        "element_no": 3,
        "passed_over": [
            {"element_no": 1, "reasons": ["16:00:00 is not within 17:00–24:00"]},
            {"element_no": 2, "reasons": ["power 3.7 kW is below 11 kW"]},
        ],
        "billed_volume": "4300.000000",
        "unit": "kWh",
        "price": "0.190000",
        "vat_percent": "19.0000",
    }
    assert found["steps"][0]["added"] == "100.000000"
    assert (found["total_excl_vat"], found["local_start"]) == ("3.0000", "2026-01-12T16:00:00+01:00")


def test_a_reservation_that_expired() -> None:
    terms = {
        "currency": "EUR",
        "max_price": {"before_taxes": 1},
        "tax_included": "N/A",
        "elements": [
            {"price_components": [price("TIME", 5, 60, 0)], "restrictions": {"reservation": "RESERVATION"}},
            {
                "price_components": [price("TIME", 6, 60, 0)],
                "restrictions": {"reservation": "RESERVATION_EXPIRES", "max_duration": 600},
            },
            {"price_components": [price("FLAT", 0.25, 1, 0)], "restrictions": {"reservation": "RESERVATION_EXPIRES"}},
        ],
    }
    cdr = {
        "charging_periods": [
            period("2026-01-12T15:00:00Z", RESERVATION_TIME=0.1),
            period("2026-01-12T15:10:00Z", RESERVATION_TIME=0.075),
        ]
    }
    assert in_words(told(cdr, terms, None)) == (
        "CDR without an id, 2026-01-12 from 15:00:00 (UTC)\n"
        "\n"
        "Tariff without an id: EUR, no taxes apply\n"
        "\n"
        "1. 15:00:00 to 15:10:00: 6 min reserved\n"
        "   RESERVATION_TIME  6 min at 6 EUR per h (element 1, VAT 0 %)\n"
        "   RESERVATION_FLAT  0.25 EUR once (element 2, VAT 0 %)\n"
        "\n"
        "2. from 15:10:00: 4 min 30 s reserved\n"
        "   10 min after the start\n"
        "   RESERVATION_TIME  4 min 30 s at 5 EUR per h (element 0, VAT 0 %)\n"
        "                     not element 1: 10 min since the start are not below 10 min\n"
        "\n"
        "RESERVATION_TIME: 10 min 30 s is rounded up to steps of 1 min;"
        " the 30 s more is billed in period 2 at 5 EUR per h\n"
        "\n"
        "RESERVATION_TIME  0.083333 h × 5 = 0.416666666667 EUR before taxes, 0.416666666667 with taxes\n"
        "RESERVATION_TIME  0.1 h × 6 = 0.6 EUR before taxes, 0.6 with taxes\n"
        "RESERVATION_FLAT  0.25 EUR before taxes, 0.25 with taxes\n"
        "MAX_PRICE         -0.266666666667 EUR before taxes, -0.266666666667 with taxes:"
        " down to the greatest price, 1 EUR before taxes\n"
        "Total             1 EUR before taxes, 1 with taxes"
    )


def test_where_nothing_matches_there_is_no_price() -> None:
    terms = {
        "id": "T",
        "currency": "EUR",
        "elements": [{"price_components": [price("ENERGY", 1)], "restrictions": {"max_current": 16}}],
    }
    found = told({"charging_periods": [period("2026-01-12T15:00:00Z", ENERGY=1)]}, terms, None)
    assert found.reason == "No element of the tariff matches anything of the session, and nothing says that it is free."
    assert found.total_excl_vat is None
    words = in_words(found)
    assert "not element 0: the current is not known" in words
    assert f"No price: {found.reason}" in words


def test_times_of_day_need_the_zone() -> None:
    with pytest.raises(CdrRefused) as refused:
        told(EVENING, DAY_NIGHT, None)
    assert refused.value.field == "time_zone"


def test_words_that_contradict_the_engine_are_an_error() -> None:
    # The engine prices by one tariff, and the explanation is given another one.
    by, other = (
        tariff(element(component("ENERGY", "1"), max_kwh=Decimal(0)), element(component("ENERGY", "2"))),
        tariff(element(component("ENERGY", "1")), element(component("ENERGY", "2"))),
    )
    with pytest.raises(ExplanationBroken) as broken:
        _explained(by, [Period(energy=1000, charging=60)], other)
    assert (broken.value.chosen, broken.value.told) == (1, 0)


@settings(max_examples=25, deadline=None)
@given(found=tariffs(), driven=sessions())
def test_reasons_and_choices_never_disagree(found: Tariff, driven: list[Period]) -> None:
    explanation = _explained(found, driven, found)
    chosen = [(p.period_no, x.dimension, x.element_no) for p in explanation.periods for x in p.prices if x.unit]
    assert len(chosen) == len(set(chosen))
    billed = sum(line.amount_excl_vat or 0 for line in explanation.lines)
    if explanation.reason is None:
        assert explanation.total_excl_vat == round(Decimal(billed), 4)


def _explained(by: Tariff, periods: list[Period], told_by: Tariff) -> Explanation:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        load_tariffs(con, [("T", 1, by)])
        con.execute(
            "CREATE TEMP TABLE sessions_to_rate AS"
            " SELECT 0 AS session_no, 'S' AS session_id, 'T' AS tariff_id, 1 AS tariff_version"
        )
        con.execute(USAGE)
        for row in usage_rows(periods):
            values = [0, *(format(x, "f") if isinstance(x, Decimal) else x for x in row)]
            con.execute(f"INSERT INTO usage VALUES ({', '.join('?' * len(values))})", values)
        rate(con)
        return explained(con, 0, told_by, Explanation("S", None, "UTC", None, None))


def vectors() -> list[Any]:
    folder = os.environ.get("KWHOUSE_REFERENCE_DATA")
    if not folder:
        return [pytest.param(None, marks=pytest.mark.skip("KWHOUSE_REFERENCE_DATA is not set: no OCPI vectors"))]
    found = [
        (path.stem, exact_json.loads(path.read_text("utf-8"))) for path in Path(folder).glob("ocpi-vectors/*.json")
    ]
    return [pytest.param(vector, id=name) for name, vector in sorted(found) if "cdr" in vector and "tariff" in vector]


@pytest.mark.parametrize("vector", vectors())
def test_totals_are_those_of_the_engine(vector: dict[str, Any]) -> None:
    request = {"id": 1, "cdr": vector["cdr"], "tariff": vector["tariff"], "time_zone": "Europe/Amsterdam"}
    [line] = rate_lines([exact_json.dumps(request)])
    cost = json.loads(line, parse_float=Decimal, parse_int=Decimal)["cdr"]["total_cost"]
    found = explain_cdr(vector["cdr"], vector["tariff"], ZoneInfo("Europe/Amsterdam"))
    assert found.total_excl_vat == cost.get("excl_vat", cost.get("before_taxes"))
    assert found.total_incl_vat is None or "excl_vat" not in cost or found.total_incl_vat == cost.get("incl_vat")
    if found.total_excl_vat is not None:
        assert (
            round(sum((one.amount_excl_vat or Decimal(0) for one in found.lines), Decimal(0)), 4)
            == found.total_excl_vat
        )


@pytest.mark.parametrize("vector", vectors())
def test_every_vector_can_be_told(vector: dict[str, Any]) -> None:
    words = in_words(explain_cdr(vector["cdr"], vector["tariff"], ZoneInfo("Europe/Amsterdam")))
    assert read_tariff(vector["tariff"]).currency in words
