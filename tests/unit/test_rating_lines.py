"""`kwhouse rate`: one answer a line, in order; a price or a reason, never a silent 0."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.billing.rating import lines as rating_lines
from pipelines.billing.rating.lines import rate_lines
from warehouse import exact_json

pytestmark = pytest.mark.fast

TARIFF: dict[str, Any] = {
    "id": "T",
    "currency": "EUR",
    "elements": [
        {
            "price_components": [
                {"type": "ENERGY", "price": 0.25, "vat": 10, "step_size": 1},
                {"type": "PARKING_TIME", "price": 6, "vat": 20, "step_size": 60},
            ]
        }
    ],
}
CDR: dict[str, Any] = {
    "id": "C",
    "currency": "EUR",
    "start_date_time": "2026-01-12T10:00:00Z",
    "end_date_time": "2026-01-12T11:40:00Z",
    "charging_periods": [
        {"start_date_time": "2026-01-12T10:00:00Z", "dimensions": [{"type": "ENERGY", "volume": 20}]},
        {"start_date_time": "2026-01-12T11:00:00Z", "dimensions": [{"type": "PARKING_TIME", "volume": 0.6667}]},
    ],
    "total_energy": 20,
    "remark": "kept as it is: 1.50",
}


def line(**changes: Any) -> str:
    request = {"id": 1, "cdr": CDR, "tariff": TARIFF, "time_zone": "Europe/Berlin", **changes}
    return json.dumps({name: value for name, value in request.items() if value is not None})


def answers(*lines: str) -> list[Any]:
    return [exact_json.loads(text) for text in rate_lines(lines)]


def changed(item: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**item, **changes}.items() if value is not None}


def test_costs_are_written_as_2_2_1_writes_them() -> None:
    [answer] = answers(line())
    costs = {name: value for name, value in answer["cdr"].items() if name.endswith("_cost")}
    # 0.6667 h are the clock's 40 minutes: a step of a minute does not make 41 of them.
    assert json.loads(exact_json.dumps(costs)) == {
        "total_cost": {"excl_vat": 9, "incl_vat": 10.3},
        "total_energy_cost": {"excl_vat": 5, "incl_vat": 5.5},
        "total_parking_cost": {"excl_vat": 4, "incl_vat": 4.8},
    }
    assert answer["cdr"]["remark"] == CDR["remark"]


def test_costs_are_written_as_2_3_0_writes_them() -> None:
    [answer] = answers(line(tariff={**TARIFF, "tax_included": "NO"}))
    assert json.loads(exact_json.dumps(answer["cdr"]["total_cost"])) == {
        "before_taxes": 9,
        "taxes": [
            {"name": "VAT", "percentage": 10, "amount": 0.5},
            {"name": "VAT", "percentage": 20, "amount": 0.8},
        ],
    }


@pytest.mark.parametrize(
    ("tax_included", "vat", "cost"),
    [
        (None, None, {"excl_vat": 5}),
        ("NO", None, {"before_taxes": 5}),
        ("N/A", None, {"before_taxes": 5, "taxes": []}),
        ("YES", None, {"after_taxes": 5}),
        ("YES", 25, {"before_taxes": 4, "taxes": [{"name": "VAT", "percentage": 25, "amount": 1}]}),
    ],
)
def test_what_is_not_known_is_left_out(tax_included: str | None, vat: int | None, cost: object) -> None:
    component = changed({"type": "ENERGY", "price": 0.25, "step_size": 1}, vat=vat)
    terms = changed(TARIFF, elements=[{"price_components": [component]}], tax_included=tax_included)
    [answer] = answers(line(tariff=terms))
    assert json.loads(exact_json.dumps(answer["cdr"]["total_cost"])) == cost


def test_the_tariff_that_the_cdr_carries_counts_where_none_is_given() -> None:
    [answer] = answers(line(tariff=None, cdr={**CDR, "tariffs": [TARIFF]}))
    assert answer["cdr"]["total_cost"]["excl_vat"] == 9


def test_restrictions_are_tested_in_the_sites_zone() -> None:
    night = changed(TARIFF, elements=[{**TARIFF["elements"][0], "restrictions": {"start_time": "12:00"}}])
    [berlin, tokyo] = answers(line(tariff=night), line(tariff=night, time_zone="Asia/Tokyo"))
    assert berlin["cdr"]["total_cost"]["excl_vat"] == 4  # from 11:00 local the parking's begin alone is within
    assert tokyo["cdr"]["total_cost"]["excl_vat"] == 9


def period(*dimensions: tuple[str, Any], at: str = "2026-01-12T10:00:00Z") -> dict[str, Any]:
    return {"start_date_time": at, "dimensions": [{"type": name, "volume": volume} for name, volume in dimensions]}


def periods(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return changed(CDR, charging_periods=list(items), total_energy=None, **changes)


WRONG = {
    "not JSON": "{",
    "no object": "[]",
    "no cdr": line(cdr=None),
    "no tariff": line(tariff=None),
    "no zone": line(time_zone=None),
    "unknown zone": line(time_zone="Mars/Base"),
    "unknown currency": line(tariff={**TARIFF, "currency": "XXX"}),
    "another currency": line(cdr={**CDR, "currency": "USD"}),
    "missing price": line(tariff={**TARIFF, "elements": [{"price_components": [{"type": "ENERGY", "step_size": 1}]}]}),
    "no periods": line(cdr=periods()),
    "no dimensions": line(cdr=periods(period())),
    "unknown dimension": line(cdr=periods(period(("LOVE", 1)))),
    "a dimension twice": line(cdr=periods(period(("ENERGY", 1), ("ENERGY", 2)))),
    "missing volume": line(cdr=periods(period(("ENERGY", None)))),
    "a text as volume": line(cdr=periods(period(("ENERGY", "1")))),
    "negative energy": line(cdr=periods(period(("ENERGY", -1)))),
    "absurd energy": line(cdr=periods(period(("ENERGY", 10**9)))),
    "no start": line(cdr=periods({"dimensions": [{"type": "ENERGY", "volume": 1}]})),
    "ends before it starts": line(cdr={**CDR, "end_date_time": "2026-01-12T09:00:00Z"}),
    "periods out of order": line(cdr={**CDR, "charging_periods": CDR["charging_periods"][::-1]}),
    "least above greatest": line(cdr=periods(period(("ENERGY", 1), ("MIN_POWER", 9), ("MAX_POWER", 8)))),
    "another sum of energy": line(cdr={**CDR, "total_energy": 21}),
    "energy in the total alone": line(cdr=changed(periods(period(("TIME", 1))), total_energy=21)),
    "more time than the total": line(cdr=changed(periods(period(("TIME", 3))), total_time=1)),
    "no element matches": line(
        tariff={**TARIFF, "elements": [{**TARIFF["elements"][0], "restrictions": {"min_kwh": 100}}]}
    ),
}


def test_a_bad_line_gets_a_reason_and_stops_nothing() -> None:
    given = [text for bad in WRONG.values() for text in (bad, line(id="good"))]
    found = answers(*given)
    assert len(found) == 2 * len(WRONG)
    for name, answer, good in zip(WRONG, found[::2], found[1::2], strict=True):
        assert answer.keys() == {"id", "error"}, name
        assert answer["error"], name
        assert good["cdr"]["total_cost"]["excl_vat"] == 9


def test_every_line_is_answered_in_order_over_several_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rating_lines, "LINES_AT_ONCE", 3)
    found = answers(*(line(id=number) for number in range(7)), "\n")
    assert [answer["id"] for answer in found] == list(range(7))


def test_one_reading_of_what_flowed_stands_for_least_and_greatest_and_none_matches_nothing() -> None:
    element = {"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}], "restrictions": {"min_power": 11}}
    terms = changed(TARIFF, elements=[element])
    cdrs = [
        periods(period(("ENERGY", 1), *flow))
        for flow in ([("MAX_POWER", 11)], [("POWER", 12)], [("MIN_POWER", 10), ("MAX_POWER", 20)], [])
    ]
    found = answers(*(line(tariff=terms, cdr=cdr) for cdr in cdrs))
    assert ["cdr" in answer for answer in found] == [True, True, False, False]


@pytest.mark.parametrize(("charged", "total"), [(True, 3), (False, 9)])
def test_a_reservation_that_nothing_follows_has_expired(charged: bool, total: int) -> None:
    def reserved(kind: str, price: int) -> dict[str, Any]:
        component = {"type": "TIME", "price": price, "step_size": 60}
        return {"price_components": [component], "restrictions": {"reservation": kind}}

    terms = changed(TARIFF, elements=[reserved("RESERVATION_EXPIRES", 9), reserved("RESERVATION", 3)])
    items = [period(("RESERVATION_TIME", 1), at="2026-01-12T09:00:00Z"), *([period(("ENERGY", 1))] if charged else [])]
    [answer] = answers(line(tariff=terms, cdr=periods(*items)))
    assert answer["cdr"]["total_cost"]["excl_vat"] == total
    assert answer["cdr"]["total_reservation_cost"]["excl_vat"] == total
