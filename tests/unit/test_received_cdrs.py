"""Received CDRs: what they say they cost beside what their own tariff makes of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.received.comparison import compare, sent_total
from pipelines.billing.received.stage import Record, compared
from warehouse.money import MINOR_UNITS
from warehouse.ocpi_prices import Cost

pytestmark = pytest.mark.fast

TARIFF: dict[str, Any] = {
    "id": "T",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "vat": 20, "step_size": 1}]}],
}
CDR: dict[str, Any] = {
    "id": "C",
    "currency": "EUR",
    "start_date_time": "2026-01-12T22:30:00Z",
    "end_date_time": "2026-01-12T23:40:00Z",
    "tariffs": [TARIFF],
    "charging_periods": [
        {"start_date_time": "2026-01-12T22:30:00Z", "dimensions": [{"type": "ENERGY", "volume": 20.012}]}
    ],
    "total_cost": {"excl_vat": 5.003, "incl_vat": 6.0036},
    "total_energy": 20.012,
    "last_updated": "2026-01-13T00:00:00Z",
}
RECORD = Record(
    "DE*ABC*C",
    is_credit=False,
    credit_reference_id=None,
    station_id="E77",
    site_id="site",
    time_zone="Europe/Berlin",
    started_at=datetime(2026, 1, 12, 23, 30, tzinfo=UTC),
    ended_at=datetime(2026, 1, 12, 23, 40, tzinfo=UTC),
    energy_wh=Decimal("20012.000000"),
    source="f:1",
    document="",
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


def record(cdr: dict[str, Any], **changes: Any) -> Record:
    return replace(RECORD, document=json.dumps(cdr), **changes)


def row(con: duckdb.DuckDBPyConnection, cdr: dict[str, Any], **changes: Any) -> dict[str, Any]:
    [found] = compared(con, [record(cdr, **changes)])
    return found


def test_a_cdr_that_costs_what_its_tariff_says_agrees(con: duckdb.DuckDBPyConnection) -> None:
    found = row(con, CDR)
    assert (found["verdict"], found["reason"], found["version_no"], found["kind"]) == ("agrees", None, 1, "cdr")
    assert (found["sent_excl_vat"], found["priced_excl_vat"]) == (Decimal("5.003"), Decimal("5.003"))
    assert (found["difference_excl_vat"], found["difference_incl_vat"]) == (0, 0)
    assert found["local_date"] == date(2026, 1, 13), "the site's day, not UTC's"
    # Cents are within rounding; a cent more is not.
    assert row(con, CDR | {"total_cost": {"excl_vat": 5.00}})["verdict"] == "agrees"
    found = row(con, CDR | {"total_cost": {"excl_vat": 5.01}})
    assert (found["verdict"], found["reason"]) == ("differs", "5.0100 before VAT, by its tariff 5.0030")
    assert (found["difference_excl_vat"], found["difference_incl_vat"]) == (Decimal("0.007"), None)


def test_a_credit_cdr_is_below_zero_on_both_sides_and_its_energy_is_not(con: duckdb.DuckDBPyConnection) -> None:
    credit = CDR | {"credit": True, "total_cost": {"excl_vat": -5.003, "incl_vat": -6.0036}}
    found = row(con, credit, is_credit=True, credit_reference_id="DE*ABC*C0", energy_wh=Decimal(-20012))
    assert (found["verdict"], found["kind"], found["credit_reference_id"]) == ("agrees", "credit", "DE*ABC*C0")
    assert (found["priced_excl_vat"], found["energy_wh"]) == (Decimal("-5.003"), 20012)
    assert row(con, CDR | {"credit": True}, is_credit=True)["verdict"] == "differs", "not taken back but charged again"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tariffs": None}, "tariff: is missing, and the CDR does not carry exactly one"),
        ({"tariffs": [TARIFF, TARIFF]}, "does not carry exactly one"),
        ({"currency": "XXX"}, "cdr.currency: is 'XXX', the tariff's is EUR"),
        ({"charging_periods": []}, "cdr.charging_periods: must be a list with at least one period"),
        ({"total_energy": 30}, "contradictory"),
        ({"total_cost": 5.003}, "cdr.total_cost: tells no amount that its tariff gives too"),
        ({"total_cost": {"excl_vat": 1e30}}, "cdr.total_cost: tells no amount"),
    ],
)
def test_what_cannot_be_priced_says_why(con: duckdb.DuckDBPyConnection, changes: dict[str, Any], told: str) -> None:
    found = row(con, CDR | changes)
    assert found["verdict"] == "not_priceable"
    assert told in found["reason"]
    assert (found["difference_excl_vat"], found["difference_incl_vat"]) == (None, None)


def test_times_of_day_need_the_sites_zone(con: duckdb.DuckDBPyConnection) -> None:
    late = {**TARIFF["elements"][0], "restrictions": {"start_time": "23:00", "end_time": "05:00"}}
    dear = {"price_components": [{"type": "ENERGY", "price": 9, "vat": 20, "step_size": 1}]}
    cdr = CDR | {"tariffs": [TARIFF | {"elements": [late, dear]}]}
    assert row(con, cdr)["verdict"] == "agrees", "half past eleven in Berlin"
    found = row(con, cdr, time_zone=None, site_id=None)
    assert (found["verdict"], found["priced_excl_vat"]) == ("not_priceable", None)
    assert found["reason"].startswith("time_zone: the tariff asks for times of day, and station E77 has no")
    assert row(con, CDR, time_zone=None)["verdict"] == "agrees", "no zone is needed for a price of the kWh"


def test_a_cdr_never_changes(con: duckdb.DuckDBPyConnection) -> None:
    again = dict(reversed((CDR | {"total_energy": 20.0120, "last_updated": "2026-02-01T00:00:00Z"}).items()))
    dearer = CDR | {"total_cost": {"excl_vat": 9}}
    other = record(CDR | {"id": "D"}, identity="DE*ABC*D", source="f:9")
    told = [record(CDR), record(again, source="f:2"), record(dearer, source="f:3"), record(dearer, source="f:4"), other]
    first, refused, last = compared(con, told)
    assert (first["verdict"], first["source"]) == ("agrees", "f:1")
    assert (refused["version_no"], refused["verdict"], refused["source"]) == (2, "refused", "f:3")
    assert refused["reason"] == "Another CDR with this identity stands, from f:1, and a CDR never changes."
    assert (refused["sent_excl_vat"], refused["priced_excl_vat"]) == (9, None)
    assert (last["received_cdr_id"], last["verdict"]) == ("DE*ABC*D", "agrees")


def test_texts_that_are_no_cdr_any_more_are_kept_with_a_reason(con: duckdb.DuckDBPyConnection) -> None:
    [found] = compared(con, [replace(RECORD, document="[1]")])
    assert (found["verdict"], found["currency"]) == ("not_priceable", None)


def test_totals_of_both_versions_are_read() -> None:
    one, two = Decimal("1.00005"), Decimal(2)
    assert sent_total({"total_cost": {"excl_vat": one, "incl_vat": two}}) == Cost(Decimal("1.0001"), Decimal("2.0000"))
    taxes = [{"name": "VAT", "amount": Decimal("0.1")}, {"name": "city", "amount": Decimal("0.2")}]
    assert sent_total({"total_cost": {"before_taxes": two, "taxes": taxes}}) == Cost(Decimal(2), Decimal("2.3"))
    assert sent_total({"total_cost": {"before_taxes": two, "taxes": [{"name": "VAT"}]}}) == Cost(Decimal(2), None)
    assert sent_total({"total_cost": {"before_taxes": two}}) == Cost(Decimal(2), None), "no tax told is not none"


@given(
    st.decimals(-(10**6), 10**6, places=4, allow_nan=False),
    st.sampled_from(sorted(MINOR_UNITS)),
    st.booleans(),
)
def test_rounding_to_the_minor_unit_always_agrees(net: Decimal, currency: str, is_credit: bool) -> None:
    unit = Decimal(1).scaleb(-MINOR_UNITS[currency])
    sent = (-net if is_credit else net).quantize(unit, ROUND_HALF_UP)
    cdr = {"currency": currency, "total_cost": {"excl_vat": sent}}
    assert compare(cdr, Cost(net, None), is_credit=is_credit).verdict == "agrees"
    more = {"currency": currency, "total_cost": {"excl_vat": sent + unit + Decimal("0.0001")}}
    assert compare(more, Cost(net, None), is_credit=is_credit).verdict == "differs"


def test_the_cdr_of_the_specification_agrees(con: duckdb.DuckDBPyConnection) -> None:
    folder = os.environ.get("KWHOUSE_REFERENCE_DATA")
    if not folder:
        pytest.skip("KWHOUSE_REFERENCE_DATA is not set: no OCPI vectors")
    vector = json.loads((Path(folder) / "ocpi-vectors" / "038-spec-cdr-example.json").read_text("utf-8"))
    found = row(con, vector["cdr"], time_zone=None)
    assert (found["verdict"], found["sent_excl_vat"], found["priced_excl_vat"]) == ("agrees", 4, 4)
    assert (found["sent_incl_vat"], found["priced_incl_vat"]) == (Decimal("4.4"), Decimal("4.4"))
