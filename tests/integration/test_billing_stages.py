"""Sessions to CDRs, invoices and revenue in a real lake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.billing.pricing import cdrs
from tests.homes import new_home
from tests.integration.billing_world import OPEN, World, energy
from warehouse.settings import load_settings
from warehouse.store import open_lake


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_lake(load_settings(home=new_home(tmp_path))) as lake:
        yield World(lake).basic()


def test_a_session_becomes_cdr_invoice_and_revenue(world: World) -> None:
    world.session()
    world.run()
    assert world.rows("SELECT contract_id, total_excl_vat, total_incl_vat, local_date FROM billing.cdrs") == [
        ("C1", Decimal(3), Decimal("3.57"), date(2019, 5, 10))
    ]
    assert world.rows("SELECT dimension, quantity, quantity_unit, amount_excl_vat FROM billing.cdr_lines") == [
        ("ENERGY", Decimal(10), "kWh", Decimal(3))
    ]
    assert world.rows(
        "SELECT contract_id, operator_id, month, sessions, energy_wh, total_excl_vat, total_vat, total_incl_vat"
        " FROM billing.invoices"
    ) == [("C1", "O", date(2019, 5, 1), 1, Decimal(10_000), Decimal(3), Decimal("0.57"), Decimal("3.57"))]
    assert world.rows("SELECT * EXCLUDE (site_id, currency) FROM mart.revenue_days") == [
        (date(2019, 5, 10), 1, Decimal(3), Decimal(10_000), 1, Decimal(3), 0)
    ]
    assert world.rows("SELECT * FROM ops.faults") == []


def test_lines_are_rounded_half_up_and_vat_once_per_rate(world: World) -> None:
    world.tariff("T", 2, energy("0.0345"), valid_from="2019-02-01T00:00:00Z")
    for number in range(3):
        world.session(f"s{number}", energy_wh=Decimal(1000))
    world.run()
    # 0.0345 → 0.03 a line; VAT of 0.09 at 19 % is 0.0171 → 0.02, not three times 0.01.
    assert world.rows("SELECT DISTINCT amount_excl_vat FROM billing.invoice_lines") == [(Decimal("0.03"),)]
    assert world.rows("SELECT total_excl_vat, total_vat FROM billing.invoices") == [(Decimal("0.09"), Decimal("0.02"))]


def test_a_currency_without_decimals_is_billed_in_whole_units(world: World) -> None:
    world.tariff("Y", 1, energy("34.55", "10"), currency="JPY")
    world.assign("yen", "Y", site_id="site")
    world.session()
    world.run()
    assert world.rows("SELECT currency, total_excl_vat, total_vat FROM billing.invoices") == [
        ("JPY", Decimal(346), Decimal(35))
    ]


def test_one_unknown_vat_rate_leaves_the_gross_of_the_invoice_unknown(world: World) -> None:
    world.tariff("N", 1, energy("1", vat=None))
    world.assign("night", "N", station_id="other")
    world.session("s1")
    world.session("s2", station_id="other")
    world.run()
    assert world.rows("SELECT total_excl_vat, total_vat, total_incl_vat FROM billing.invoices") == [
        (Decimal(13), None, None)
    ]


def test_the_month_is_the_local_month_of_the_start(world: World) -> None:
    world.session("s1", "2019-05-31T22:30:00+00:00")  # 00:30 on 1 June in Berlin
    world.run()
    assert world.rows("SELECT month FROM billing.invoices") == [(date(2019, 6, 1),)]
    assert world.rows("SELECT local_date FROM mart.revenue_days") == [(date(2019, 6, 1),)]


def reasons(world: World) -> dict[str, str]:
    """Reason by session, after pricing what is new."""
    world.run(cdrs.STAGE)
    rows = world.rows("SELECT session_id, evidence FROM ops.faults WHERE kind = 'unpriced'")
    return {session_id: json.loads(evidence)["reason"] for session_id, evidence in rows}


def test_sessions_that_cannot_be_priced_are_listed_with_the_reason(world: World) -> None:
    world.session("somewhere", site_id="unregistered")
    world.session("no evidence", energy_wh=None)
    world.session("below zero", energy_wh=Decimal(-1))
    world.session("ten gigawatt-hours", energy_wh=Decimal(10) ** 10)
    world.session("idle below zero", idle_seconds=-1)
    world.session("backwards", ended_at=datetime(2019, 5, 1, tzinfo=UTC))
    world.session("before the token", "2018-12-31T23:00:00+00:00")
    world.session("before the tariff", "2018-12-31T23:00:00+00:00", id_token=None)
    assert reasons(world) == {
        "somewhere": "unregistered",
        "no evidence": "no_energy",
        "below zero": "contradiction",
        "ten gigawatt-hours": "contradiction",
        "idle below zero": "contradiction",
        "backwards": "contradiction",
        "before the token": "token",
        "before the tariff": "no_tariff",
    }
    world.run()
    assert world.rows("SELECT * FROM billing.cdrs") == []
    assert world.rows("SELECT * FROM billing.invoices") == []
    assert world.rows("SELECT sum(unpriced_sessions) FROM mart.revenue_days") == [(7,)]  # but for the unregistered one


def test_reasons_that_the_registry_gives(world: World) -> None:
    def contract(contract_id: str, valid_from: str) -> None:
        world.set("contracts", [contract_id], operator_id="O", currency="EUR", valid_from=valid_from)

    def tariff(station_id: str, elements: str, valid_from: str = OPEN, currency: str = "EUR") -> None:
        world.tariff(station_id, 1, elements, valid_from, currency)
        world.assign(station_id, station_id, station_id=station_id)
        world.session(station_id, station_id=station_id)

    contract("C2", "2020-01-01T00:00:00Z")
    world.set("tokens", ["early"], token_type="RFID", contract_id="C2", status="active", valid_from=OPEN)
    world.session("early contract", id_token="early")
    tariff("negative", energy("-1"))
    tariff("currency", energy("1"), currency="ABC")
    tariff("no json", "no json")
    tariff("future", energy("1"), "2020-01-01T00:00:00Z")
    tariff("twice", energy("1"))
    world.assign("again", "T", station_id="twice")
    tariff("time", '[{"price_components": [{"type": "TIME", "price": 1, "step_size": 1}]}]')
    world.session("time", station_id="time", charging_seconds=None, idle_seconds=None)
    world.set("sites", ["mars"], operator_id="O", name="M", time_zone="Mars/Base", country_code="DE", currency="EUR")
    world.session("mars", site_id="mars")
    world.set("sites", ["alone"], operator_id="P", name="A", time_zone="UTC", country_code="DE", currency="EUR")
    world.session("alone", site_id="alone")
    assert reasons(world) == {
        "early contract": "contract",
        "negative": "tariff",
        "currency": "tariff",
        "no json": "tariff",
        "future": "no_version",
        "twice": "ambiguous",
        "time": "no_readings",
        "mars": "no_time_zone",
        "alone": "no_operator",
    }
    # Each is priced as soon as what was wrong is mended.
    contract("C2", OPEN)
    for station_id in ("negative", "currency", "no json", "future", "time"):
        world.tariff(station_id, 1, energy("1"))
    world.remove("tariff_assignments", ["again"])
    world.set("sites", ["mars"], operator_id="O", name="M", time_zone="UTC", country_code="DE", currency="EUR")
    world.set("operators", ["P"], country_code="DE", party_id="PPP", name="P")
    assert reasons(world) == {}
    assert world.rows("SELECT count(*) FROM billing.cdrs") == [(9,)]


def test_the_most_particular_rule_wins_and_a_contract_goes_before_a_place(world: World) -> None:
    world.set(
        "tokens", ["member"], token_type="RFID", token_group="G", contract_id="C2", status="active", valid_from=OPEN
    )
    world.set("contracts", ["C2"], operator_id="O", currency="EUR", valid_from=OPEN)
    scopes: list[dict[str, object]] = [
        {"site_id": "site"},
        {"station_id": "station"},
        {"station_id": "station", "evse_id": 1},
        {"station_id": "station", "connector_id": 1},
        {"token_group": "G"},
        {"contract_id": "C2"},
        {"contract_id": "C2", "site_id": "site"},
    ]
    world.session(id_token="member")
    winners = []
    for number, scope in enumerate(scopes):
        world.tariff(f"T{number}", 1, energy("1"))
        world.assign(f"R{number}", f"T{number}", **scope)
        world.assign(f"elsewhere{number}", "T", **{**scope, "site_id": "elsewhere"})
        world.run(cdrs.STAGE)
        winners += [row[0] for row in world.rows("SELECT tariff_id FROM billing.cdrs")]
    assert winners == ["T0", "T1", "T2", "T3", "T4", "T5", "T6"]


def test_the_version_in_force_at_the_start_holds(world: World) -> None:
    world.tariff("T", 2, energy("0.40"), valid_from="2019-05-10T12:00:00Z")
    world.session("before", "2019-05-10T11:59:59+00:00")
    world.session("after", "2019-05-10T12:00:00+00:00")
    world.run()
    assert world.rows("SELECT session_id, tariff_version FROM billing.cdrs ORDER BY 1") == [("after", 2), ("before", 1)]


def test_grades_decide_what_is_priced_and_billed(world: World, tmp_path: Path) -> None:
    for grade in ("ok", "suspect", "unbillable"):
        world.session(grade, grade=grade)
    world.session("active", state="active", ended_at=None)
    world.run()
    assert world.rows("SELECT session_id FROM billing.cdrs ORDER BY 1") == [("ok",), ("suspect",)]
    assert world.rows("SELECT session_id FROM billing.invoice_lines") == [("ok",)]
    assert world.rows("SELECT rated_sessions, billed_sessions, unpriced_sessions FROM mart.revenue_days") == [(2, 1, 0)]
    assert world.rows("SELECT * FROM ops.faults") == []
    with open_lake(load_settings(home=tmp_path, bill_suspect=True)) as lake:
        generous = World(lake)
        generous.run(full=True)
        assert generous.rows("SELECT session_id FROM billing.invoice_lines ORDER BY 1") == [("ok",), ("suspect",)]


def test_a_session_without_a_contract_is_billed_by_itself_by_the_operator_of_its_site(world: World) -> None:
    world.session("s1", id_token=None)
    world.session("s2", id_token="nobody knows it")
    world.session("less than a cent", id_token=None, energy_wh=Decimal(16))
    world.session("in doubt", id_token=None, grade="suspect")
    world.run()
    assert world.rows("SELECT DISTINCT contract_id FROM billing.cdrs") == [(None,)]
    assert world.rows(
        "SELECT invoice_id, contract_id, operator_id, sessions, total_incl_vat FROM billing.invoices ORDER BY 1"
    ) == [
        ("adhoc:s1", "adhoc:s1", "O", 1, Decimal("3.57")),
        ("adhoc:s2", "adhoc:s2", "O", 1, Decimal("3.57")),
    ]
    world.session("s1", id_token=None, energy_wh=Decimal(20_000))
    world.drop_session("s2")
    world.run()
    assert world.rows("SELECT invoice_id, total_incl_vat FROM billing.invoices") == [("adhoc:s1", Decimal("7.14"))]
    world.set("tokens", ["card"], token_type="RFID", contract_id="C1", status="active", valid_from=OPEN)
    world.session("s1", id_token="card")
    world.run()
    assert world.rows("SELECT invoice_id FROM billing.invoices") == [("C1-2019-05-EUR",)]


def test_other_stages_faults_are_left_alone(world: World) -> None:
    with world.lake.write("test") as con:
        con.execute(
            "INSERT INTO lake.ops.faults VALUES ('f', 'implausible_power', 'station', 's1', '{}', now(), now())"
        )
    world.tariff("T", 1, energy("-1"))
    world.session()
    for full in (False, True):
        world.run(full=full)
        assert world.rows("SELECT kind FROM ops.faults ORDER BY 1") == [("implausible_power",), ("unpriced",)]
    world.tariff("T", 1, energy("1"))
    world.run()
    assert world.rows("SELECT kind FROM ops.faults") == [("implausible_power",)]


def test_nothing_new_means_nothing_done(world: World) -> None:
    world.session()
    world.run()
    assert all(result.rows == {} for result in world.run())


def test_cdrs_of_a_version_without_periods_are_priced_once_more(world: World) -> None:
    world.session()
    world.run()
    whole = world.tables()
    with world.lake.write("as an older version left it") as con:
        con.execute("DELETE FROM lake.billing.cdr_periods")
    world.run()
    assert world.tables() == whole
    assert all(result.window is None for result in world.run()[:1])


def test_the_same_cdr_keeps_its_id_and_what_says_something_else_is_another(world: World) -> None:
    world.session()
    world.run()
    before = world.rows("SELECT cdr_id FROM billing.cdrs")
    world.run(full=True)
    assert world.rows("SELECT cdr_id FROM billing.cdrs") == before
    world.session(energy_wh=Decimal(12_000))
    world.run()
    assert world.rows("SELECT cdr_id FROM billing.cdrs") != before
    assert world.rows("SELECT total_excl_vat FROM billing.invoices") == [(Decimal("3.6"),)]


DAY_AND_NIGHT = """[
    {"price_components": [{"type": "ENERGY", "price": 0.4, "vat": 19, "step_size": 1}], "restrictions": {%s}},
    {"price_components": [{"type": "ENERGY", "price": 0.2, "vat": 19, "step_size": 1}], "restrictions": {%s}}
]"""


def test_a_session_is_cut_by_its_steps_where_the_tariff_changes(world: World) -> None:
    world.tariff("T", 1, DAY_AND_NIGHT % ('"end_time": "14:30"', '"start_time": "14:30"'))
    world.session()  # from 14:00 on in Berlin
    world.session("without steps", charging_seconds=5400, idle_seconds=0)
    for number, (begin, end, wh) in enumerate([("12:00", "12:15", 6000), ("12:15", "12:45", 4000)], start=1):
        world.step("s1", number, f"2019-05-10T{begin}:00Z", f"2019-05-10T{end}:00Z", wh)
    world.run()
    lines = "SELECT element_no, quantity, price FROM billing.cdr_lines JOIN billing.cdrs USING (cdr_id)"
    assert world.rows(f"{lines} WHERE session_id = 's1' ORDER BY line_no") == [
        (0, Decimal(8), Decimal("0.4")),
        (1, Decimal(2), Decimal("0.2")),
    ]
    assert world.rows(f"{lines} WHERE session_id <> 's1' ORDER BY line_no") == [
        (0, Decimal("3.333333"), Decimal("0.4")),
        (1, Decimal("6.666667"), Decimal("0.2")),
    ]


def test_current_is_what_was_measured_over_the_phases(world: World) -> None:
    world.tariff("T", 1, DAY_AND_NIGHT % ('"min_current": 30', '"max_current": 30'))
    world.session(charging_seconds=3600, idle_seconds=1800)
    for number, (begin, end) in enumerate([("12:00", "12:15"), ("12:15", "12:30"), ("12:30", "12:45")], start=1):
        world.step("s1", number, f"2019-05-10T{begin}:00Z", f"2019-05-10T{end}:00Z", 3000 + number)
    world.currents("s1", "2019-05-10T12:10:00Z", 8, 8, 8)
    world.currents("s1", "2019-05-10T12:15:00Z", 16, 16, 16)  # 24 A and 48 A: 36 A in the first step
    world.currents("s1", "2019-05-10T12:20:00Z", 16)
    world.run()
    lines = "SELECT element_no, quantity FROM billing.cdr_lines JOIN billing.cdrs USING (cdr_id) ORDER BY line_no"
    # Nothing was measured in the third step: neither element holds there, and it is free.
    assert world.rows(lines) == [(0, Decimal("3.001")), (1, Decimal("3.002"))]


def test_a_tariff_of_which_no_element_matches_is_a_reason_and_not_free(world: World) -> None:
    world.tariff("T", 1, DAY_AND_NIGHT % ('"min_kwh": 50', '"start_date": "2030-01-01"'))
    world.session()
    assert reasons(world) == {"s1": "no_element"}
    assert world.rows("SELECT * FROM billing.cdrs") == []


def test_bounds_and_included_taxes_of_the_registry_count(world: World) -> None:
    terms = {"currency": "EUR", "ocpi_version": "2.3.0", "valid_from": OPEN}
    low = {"min_price": '{"before_taxes": 5, "after_taxes": 5.95}', "tax_included": "NO"}
    world.set("tariffs", ["T", 1], elements=energy("0.30"), **terms, **low)
    world.set("tariffs", ["G", 1], elements=energy("0.30", vat=None), **terms, tax_included="YES")
    world.assign("gross", "G", station_id="other")
    world.session()
    world.session("s2", station_id="other")
    world.run()
    assert world.rows("SELECT total_excl_vat, total_incl_vat FROM billing.cdrs ORDER BY session_id") == [
        (Decimal(5), Decimal("5.95")),
        (None, Decimal(3)),
    ]
    assert world.rows("SELECT session_id FROM billing.invoice_lines") == [("s1",)]


STEPS = {
    "late energy": lambda w: w.session("s1", energy_wh=Decimal(12_345)),
    "gone": lambda w: w.drop_session("s2"),
    "new version": lambda w: w.tariff("T", 2, energy("0.50"), valid_from="2019-06-01T00:00:00Z"),
    "mended price": lambda w: w.tariff("T", 1, energy("0.31")),
    "refused price": lambda w: w.tariff("T", 1, energy("-1")),
    "particular rule": lambda w: (w.tariff("P", 1, energy("1")), w.assign("B", "P", site_id="site2")),
    "rule removed": lambda w: w.remove("tariff_assignments", ["A"]),
    "token to another contract": lambda w: (
        w.set("contracts", ["C9"], operator_id="O", currency="EUR", valid_from=OPEN),
        w.set("tokens", ["pseudonym"], token_type="RFID", contract_id="C9", status="active", valid_from=OPEN),
    ),
    "contract of another operator": lambda w: w.set(
        "contracts", ["C1"], operator_id="P", currency="EUR", valid_from=OPEN
    ),
    "another zone": lambda w: w.set(
        "sites", ["site"], operator_id="O", name="S", time_zone="Asia/Tokyo", country_code="JP", currency="JPY"
    ),
    "operator's party": lambda w: w.set("operators", ["O"], country_code="DE", party_id="NEW", name="n"),
    "suspect now": lambda w: w.session("s3", "2019-06-30T22:30:00+00:00", grade="suspect"),
    "active again": lambda w: w.session("s3", "2019-06-30T22:30:00+00:00", state="active", ended_at=None),
    "other day": lambda w: w.session("s1", "2019-07-02T12:00:00+00:00"),
    "site unregistered": lambda w: w.remove("sites", ["site"]),
}


@pytest.mark.parametrize("order", [list(STEPS), list(STEPS)[::-1]], ids=["forwards", "backwards"])
def test_incremental_is_the_same_as_a_full_rebuild(world: World, tmp_path: Path, order: list[str]) -> None:
    world.set(
        "sites", ["site2"], operator_id="O", name="S", time_zone="Europe/London", country_code="GB", currency="GBP"
    )
    world.session("s1")
    world.session("s2", "2019-05-31T22:30:00+00:00")
    world.session("s3", "2019-06-30T22:30:00+00:00", site_id="site2")
    world.session("s4", "2019-06-30T23:30:00+00:00", id_token=None)
    world.run()
    for number, step in enumerate(order, start=1):
        STEPS[step](world)
        world.run()
        if number % 5 == 0:
            incremental = world.tables()
            world.run(full=True)
            assert world.tables() == incremental, order[number - 5 : number]
