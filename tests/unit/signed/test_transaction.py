"""What may be billed on records whose signatures hold."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.signed.check import Checked, Verdict, check
from pipelines.signed.transaction import SignedTransaction, join
from tests.signing import Meter, reading

pytestmark = pytest.mark.fast

LATER = "2026-03-01T11:00:00,000+0100 S"


def joined(meter: Meter, *records: str) -> SignedTransaction:
    return join(check(record, meter.public_key) for record in records)


def ended(value: object, **more: object) -> dict:
    return reading("E", value, **{"at": LATER, **more})


def test_begin_and_end_make_the_energy_exactly() -> None:
    meter = Meter()
    found = joined(
        meter, meter.record(reading("B", "    0.1")), meter.record(reading("C", 5)), meter.record(ended(7.3))
    )
    assert (found.energy_wh, found.billable, found.time_billable) == (Decimal(7200), True, True)
    assert (found.first_page, found.last_page, found.records) == (1, 3, 3)
    assert found.reason == "all signatures hold, from begin to end"


def test_the_order_of_arrival_and_repetition_do_not_matter() -> None:
    meter = Meter()
    begin, end = meter.record(reading("B", 1)), meter.record(ended(2))
    assert joined(meter, end, begin, end, begin) == joined(meter, begin, end)


def test_a_begin_told_again_in_the_end_record_is_fine() -> None:
    meter = Meter()
    found = joined(meter, meter.record(reading("B", 1)), meter.record(reading("B", 1), ended(2)))
    assert (found.energy_wh, found.billable) == (Decimal(1000), True)


@pytest.mark.parametrize("marker", list("ELRAP"))
def test_every_kind_of_end_ends(marker: str) -> None:
    meter = Meter()
    assert joined(meter, meter.record(reading("B", 1), reading(marker, 2))).billable


REFUSED: dict[str, tuple[list[list[dict]], str]] = {
    "one reading only": ([[reading("B", 1)]], "no reading of the end"),
    "no begin": ([[ended(1)]], "no reading of the begin"),
    "neither": ([[reading("C", 1)]], "no reading of the begin and none of the end"),
    "energy error": ([[reading("B", 1), ended(2, EF="E")]], "EF E"),
    "error without flags": ([[reading("B", 1)], [reading("X", 2)], [ended(3)]], "TX X"),
    "backwards": ([[reading("B", 5), ended(2)]], "ran backwards"),
    "backwards meanwhile": ([[reading("B", 5)], [reading("C", 4)], [ended(6)]], "ran backwards"),
    "unit": ([[reading("B", 1, RU="MWh"), ended(2, RU="MWh")]], "unit of the register is MWh"),
    "units that differ": ([[reading("B", 1), ended(2, RU="kvarh")]], "unit of the register is kvarh"),
    "no value": ([[reading("B", "a"), ended(2)]], "no value"),
    "too exact": ([[reading("B", "1.0000000001"), ended(2)]], "no value"),
    "manipulated": ([[reading("B", 1), ended(2, ST="M")]], "manipulation detected"),
    "two begins": ([[reading("B", 1), reading("B", 1.5), ended(2)]], "different registers are told for the begin"),
    "registers that differ": ([[reading("B", 1), ended(2, RI="1-b:2.8.0")]], "different registers"),
    "several registers": (
        [[reading("B", 1), reading("B", 1, RI="1-0:1.8.1"), ended(2), ended(3, RI="1-0:1.8.1")]],
        "several registers tell different energies: 1.8.0, 1.8.1",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_signed_but_not_billed(name: str) -> None:
    records, reason = REFUSED[name]
    meter = Meter()
    found = joined(meter, *(meter.record(*readings) for readings in records))
    assert (found.verdict, found.billable, found.time_billable) == (Verdict.VALID, False, False)
    assert reason in found.reason


def test_a_gap_in_the_pages() -> None:
    meter = Meter()
    found = joined(meter, meter.record(reading("B", 1), page=7), meter.record(ended(2), page=9))
    assert (found.billable, found.reason) == (False, "a gap in the pagination: record T9 follows record T7")


def test_two_records_with_one_page() -> None:
    meter = Meter()
    found = joined(meter, meter.record(reading("B", 1), page=7), meter.record(ended(2), page=7))
    assert (found.billable, "two different records have the page T7" in found.reason) == (False, True)


def test_records_without_pages() -> None:
    meter = Meter()
    found = joined(meter, meter.record(reading("B", 1), PG=""), meter.record(ended(2)))
    assert (found.billable, "without a page" in found.reason) == (False, True)


def test_readings_of_the_grid_stand_beside_transactions() -> None:
    meter = Meter()
    fiscal = meter.record(reading(None, 1.5), page=900, context="F")
    found = joined(meter, meter.record(reading("B", 1), page=7), meter.record(ended(2), page=8), fiscal)
    assert (found.energy_wh, found.billable) == (Decimal(1000), True)


def test_two_keys_and_two_meters() -> None:
    one, other = Meter(), Meter(serial="M2", page=2)
    records: list[Checked] = [
        check(one.record(reading("B", 1)), one.public_key),
        check(other.record(ended(2)), other.public_key),
    ]
    found = join(records)
    assert (found.verdict, found.billable, found.key_id) == (Verdict.VALID, False, None)
    assert "the records carry different public keys" in found.reason
    assert "different meters: M1, M2" in found.reason


def test_one_bad_record_spoils_the_transaction() -> None:
    meter = Meter()
    begin, end = meter.record(reading("B", 1)), meter.record(ended(2))
    found = joined(meter, begin, end.replace('"RV" : 2', '"RV" : 3'))
    assert (found.verdict, found.billable, found.energy_wh) == (Verdict.INVALID, False, None)
    assert "record T2: the signature does not fit" in found.reason


@pytest.mark.parametrize(
    ("begin", "end", "reason"),
    [
        ({"EF": "t"}, {}, "EF t"),
        ({}, {"at": "2026-03-01T11:00:00,000+0100 U"}, "not synchronised"),
        ({}, {"at": "yesterday"}, "no time can be read"),
        ({}, {"at": "2026-03-01T09:00:00,000+0100 S"}, "the end lies before the begin"),
    ],
)
def test_energy_is_billed_where_only_the_time_is_not_trusted(begin: dict, end: dict, reason: str) -> None:
    meter = Meter()
    found = joined(meter, meter.record(reading("B", 1, **begin), ended(2, **{"EF": "", **end})))
    assert (found.billable, found.time_billable) == (True, False)
    assert reason in found.reason


def test_the_register_after_the_cable_goes_first() -> None:
    meter = Meter()
    record = meter.record(
        reading("B", 10),
        ended(20),
        reading("B", 0, RI="01-00:98.08.00.FF"),
        ended(9.5, RI="01-00:98.08.00.FF"),
        ended(3600, RI="01-00:00.08.06.FF", RU="sec"),
    )
    found = joined(meter, record)
    assert (found.energy_wh, found.obis, found.is_compensated) == (Decimal(9500), "98.8.0", True)
    assert found.billable


def test_what_is_as_before_may_be_left_out() -> None:
    meter = Meter()
    end = {"TM": LATER, "TX": "E", "RV": 2}
    found = joined(meter, meter.record(reading("B", 1), end))
    assert (found.energy_wh, found.billable) == (Decimal(1000), True)


def test_nothing_is_nothing() -> None:
    found = join([])
    assert (found.verdict, found.billable, found.records) == (Verdict.UNREADABLE, False, 0)
