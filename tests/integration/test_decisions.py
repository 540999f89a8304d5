"""Decisions on sessions: what is refused, what billing makes of them, and how long a release stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.checks import BILLED_ARE_BILLABLE
from pipelines.registry_history import record_registry
from tests.homes import new_home
from tests.integration.billing_world import World, energy
from tests.registered import register, site
from warehouse.decisions import decide
from warehouse.errors import DecisionRefused, InputError, SessionAmbiguous, SessionUnknown
from warehouse.readers import decisions
from warehouse.settings import load_settings
from warehouse.store import open_lake


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_lake(load_settings(home=new_home(tmp_path))) as lake:
        yield World(lake).basic()


def billed(world: World) -> dict[str, tuple[bool, str | None]]:
    """By session with a CDR: whether it stands on an invoice, and the decision it rests on."""
    world.run()
    rows = world.rows(
        "SELECT session_id, session_id IN (SELECT session_id FROM billing.invoice_lines), decision FROM billing.cdrs"
    )
    return {session_id: (on_invoice, decision) for session_id, on_invoice, decision in rows}


def work_list(world: World) -> dict[str, str]:
    rows = world.rows("SELECT session_id, evidence FROM ops.faults WHERE kind = 'unpriced'")
    return {session_id: json.loads(evidence)["reason"] for session_id, evidence in rows}


@pytest.fixture
def registered(tmp_path: Path) -> Iterator[World]:
    """The same network, declared in the state database, where decisions are kept too."""
    settings = load_settings(home=tmp_path)
    since = datetime(2019, 1, 1, tzinfo=UTC)
    register(
        settings,
        operators=[{"operator_id": "op", "name": "Op", "country_code": "DE", "party_id": "KWH"}],
        sites=[site("site")],
        contracts=[{"contract_id": "C1", "operator_id": "op", "currency": "EUR", "valid_from": since}],
        tokens=[
            {"id_token": "T", "token_type": "RFID", "contract_id": "C1", "status": "active", "valid_from": since},
        ],
        tariffs=[
            {
                "tariff_id": "T", "version": 1, "currency": "EUR", "ocpi_version": "2.2.1", "valid_from": since,
                "elements": energy("0.30"),
            },
        ],
        tariff_assignments=[{"assignment_id": "A", "tariff_id": "T", "valid_from": since}],
        pseudonyms=[{"id_token": "T", "pseudonym": "pseudonym"}],
    )  # fmt: skip
    with open_lake(settings) as lake:
        record_registry(lake)
        yield World(lake)


def unpriced(world: World) -> int:
    return world.rows("SELECT coalesce(sum(unpriced_sessions), 0) FROM mart.revenue_days")[0][0]


# --- what billing makes of a decision --------------------------------------------------------------------------------


def test_a_released_session_is_billed_whatever_its_grade(world: World) -> None:
    for grade in ("suspect", "unbillable"):
        world.session(grade, grade=grade)
    assert billed(world) == {"suspect": (False, None)}
    for grade in ("suspect", "unbillable"):
        world.decide(grade, "release", grade)
    assert billed(world) == {"suspect": (True, "release"), "unbillable": (True, "release")}
    assert world.rows("SELECT session_id, grade FROM billing.cdrs ORDER BY 1") == [
        ("suspect", "suspect"),
        ("unbillable", "unbillable"),
    ], "the grade stays what the data say"
    assert unpriced(world) == 0


def test_a_held_session_has_no_price_and_stands_on_the_work_list(world: World) -> None:
    world.session()
    assert billed(world) == {"s1": (True, None)}
    world.decide("s1", "hold", "ok")
    assert billed(world) == {}
    assert work_list(world) == {"s1": "held"}
    assert unpriced(world) == 1
    assert world.rows("SELECT * FROM billing.invoices") == []
    # Later data do not end a hold; one on a session that nothing would bill is no work.
    world.session(energy_wh=Decimal(12_000))
    assert billed(world) == {}
    world.session(grade="unbillable")
    assert billed(world) == {}
    assert work_list(world) == {}
    assert unpriced(world) == 0


def test_after_a_withdrawal_the_grade_decides_again(world: World) -> None:
    world.session("kept", grade="suspect")
    world.session("good")
    for session, first in (("kept", "release"), ("good", "hold")):
        world.decide(session, first)
    assert billed(world) == {"kept": (True, "release")}
    for session in ("kept", "good"):
        world.decide(session, "withdraw")
    assert billed(world) == {"kept": (False, None), "good": (True, None)}
    assert work_list(world) == {}


def test_a_release_lapses_when_later_data_change_the_energy_or_make_the_grade_worse(world: World) -> None:
    world.session("more", grade="suspect")
    world.session("worse", grade="suspect")
    world.session("better", grade="suspect")
    for session in ("more", "worse", "better"):
        world.decide(session, "release")
    assert set(billed(world).values()) == {(True, "release")}
    world.session("more", grade="suspect", energy_wh=Decimal("10000.000001"))
    world.session("worse", grade="unbillable")
    world.session("better", grade="ok")
    assert billed(world) == {"more": (False, None), "better": (True, "release")}
    # Decided anew, on what is known now.
    world.decide("more", "release", energy_wh=10000.000001)
    world.decide("worse", "release", "unbillable")
    assert set(billed(world).values()) == {(True, "release")}


def test_a_released_session_without_a_tariff_is_work_to_do(world: World) -> None:
    world.session(grade="unbillable")
    world.remove("tariff_assignments", ["A"])
    world.decide("s1", "release", "unbillable")
    assert billed(world) == {}
    assert work_list(world) == {"s1": "no_tariff"}
    assert unpriced(world) == 1


def test_decisions_step_by_step_are_the_same_as_a_full_rebuild(world: World) -> None:
    for number, grade in enumerate(("ok", "suspect", "unbillable", "suspect")):
        world.session(f"s{number}", grade=grade)
    world.run()
    for session, decision, grade in (
        ("s0", "hold", "ok"),
        ("s1", "release", "suspect"),
        ("s2", "release", "unbillable"),
        ("s3", "hold", "suspect"),
        ("s0", "withdraw", "ok"),
        ("s2", "hold", "unbillable"),
        ("s9", "release", "suspect"),
    ):
        world.decide(session, decision, grade)
        world.run()
    world.session("s1", grade="suspect", energy_wh=Decimal(1))
    world.session("s9", grade="suspect")
    world.run()
    stepwise = world.tables()
    world.run(full=True)
    assert world.tables() == stepwise
    assert billed(world) == {"s0": (True, None), "s1": (False, None), "s9": (True, "release")}


def test_an_unbillable_session_on_an_invoice_is_found_by_a_check(world: World) -> None:
    world.session("good")
    world.session("bad", grade="unbillable")
    world.decide("bad", "release", "unbillable")
    world.run()
    assert world.rows(BILLED_ARE_BILLABLE.sql) == [(0,)]
    with world.lake.write("break it") as con:
        con.execute("UPDATE lake.billing.cdrs SET decision = NULL")
    assert world.rows(BILLED_ARE_BILLABLE.sql) == [(1,)]


# --- taking one ------------------------------------------------------------------------------------------------------


def test_a_decision_is_kept_and_reaches_billing(registered: World) -> None:
    world = registered
    world.session("abc1", grade="suspect")
    world.session("abd2", grade="suspect")
    world.run()
    report = decide(world.lake, ["abc", "abd2", "abc1"], "release", " looked at the meter ", by="Kim")
    assert report.sessions == ("abc1", "abd2")
    assert "2 sessions released by Kim" in str(report)
    record_registry(world.lake)
    assert billed(world) == {"abc1": (True, "release"), "abd2": (True, "release")}
    rows = decisions.listing(world.lake, "abc1")
    assert rows.select("decision", "reason", "decided_by", "grade", "energy_kwh", "in_force").rows() == [
        ("release", "looked at the meter", "Kim", "suspect", 10.0, "yes")
    ]
    decide(world.lake, ["abc1"], "withdraw", "the driver called again", by="Kim")
    assert decisions.listing(world.lake)["in_force"].to_list() == ["yes", "overtaken", "yes"]
    world.session("abd2", grade="suspect", energy_wh=Decimal(9_000))
    world.write()
    assert decisions.listing(world.lake, "abd2")["in_force"].to_list() == ["lapsed"]
    world.drop_session("abd2")
    world.write()
    assert decisions.listing(world.lake, "abd2")["in_force"].to_list() == ["gone"]


def test_names_and_reasons_stay_out_of_the_lake(world: World) -> None:
    world.session("s1", grade="suspect")
    world.run()
    decide(world.lake, ["s1"], "hold", "Mrs Secret called", by="Secret Clerk")
    record_registry(world.lake)
    assert "Secret" not in str(world.rows("SELECT * FROM ops.registry_history"))


def test_what_makes_no_sense_is_refused_and_nothing_is_decided(world: World) -> None:
    world.session("aa-suspect", grade="suspect")
    world.session("ab-nothing", grade="unbillable", energy_wh=None)
    world.session("ac-active", state="active", ended_at=None)
    world.session("ad-ok")
    world.write()

    def refused(decision: str, *ids: str) -> dict[str, str]:
        with pytest.raises(DecisionRefused) as refusal:
            decide(world.lake, ids, decision, "because", by="Kim")  # type: ignore[arg-type]
        return refusal.value.reasons

    assert "nothing to bill" in refused("release", "aa-suspect", "ab-nothing")["ab-nothing"]
    assert "goes on" in refused("hold", "ac-active")["ac-active"]
    assert "without a release" in refused("release", "ad-ok")["ad-ok"]
    assert "no decision" in refused("withdraw", "aa-suspect")["aa-suspect"]
    with pytest.raises(InputError, match="needs a reason"):
        decide(world.lake, ["aa-suspect"], "release", "  ", by="Kim")
    with pytest.raises(InputError, match="--by NAME"):
        decide(world.lake, ["aa-suspect"], "release", "because", by=" ")
    for unknown in ("zz", "", "%"):
        with pytest.raises(SessionUnknown):
            decide(world.lake, [unknown], "release", "because", by="Kim")
    with pytest.raises(SessionAmbiguous, match="aa-suspect") as ambiguous:
        decide(world.lake, ["aa-suspect", "a"], "release", "because", by="Kim")
    assert len(ambiguous.value.sessions) == 4
    assert decisions.listing(world.lake).is_empty()
    assert decide(world.lake, ["aa-suspect"], "release", "because").decided_by


def test_a_hold_on_a_good_session_can_be_lifted_by_a_release(registered: World) -> None:
    world = registered
    world.session()
    world.write()
    decide(world.lake, ["s1"], "hold", "the driver complains", by="Kim")
    decide(world.lake, ["s1"], "release", "settled", by="Kim")
    record_registry(world.lake)
    assert billed(world) == {"s1": (True, "release")}
