"""Closing a month in a real lake: the chain from registers to documents, and what keeps a month open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.billing import closing
from pipelines.billing.closing import MonthDoesNotClose, PeriodRefused, Step, periods
from pipelines.billing.closing.chain import LINKS, REASONS, reconcile
from pipelines.billing.commands import close as commands
from tests.homes import new_home
from tests.integration.billing_world import OPEN, energy
from tests.integration.closing_world import MAY, ClosingWorld
from warehouse.errors import InputError
from warehouse.settings import load_settings
from warehouse.store import open_lake

NOW = datetime(2019, 6, 5, 8, tzinfo=UTC)
DRAFT = "C1-2019-05-EUR"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ClosingWorld]:
    with open_lake(load_settings(home=new_home(tmp_path))) as lake:
        yield ClosingWorld(lake).basic()


def steps(world: ClosingWorld, month: date = MAY) -> dict[str, Step]:
    """Steps of the month; one site and one currency, so that each link is there once."""
    found = reconcile(world.lake, world.engine, "O", month).steps
    named = {step.step: step for step in found}
    assert len(named) == len(found)
    return named


def the_draft(world: ClosingWorld) -> str:
    ((draft,),) = world.rows(
        "SELECT invoice_id FROM billing.invoice_drafts WHERE month = '2019-05-01' AND contract_id = 'C1'"
    )
    return str(draft)


def test_a_month_of_every_kind_of_session_adds_up_to_the_documents(world: ClosingWorld) -> None:
    world.tariff("T", 2, energy("0.3333"), valid_from="2019-02-01T00:00:00Z")
    world.session("billed", energy_wh=Decimal("10001.5"))
    world.session("second", "2019-05-11T12:00:00+00:00", energy_wh=Decimal(7_000))
    world.session("adhoc", "2019-05-12T12:00:00+00:00", id_token=None)
    world.session("drop", "2019-05-12T13:00:00+00:00", id_token=None, energy_wh=Decimal(1))
    world.session("doubtful", "2019-05-13T12:00:00+00:00", grade="suspect", flags=["implausible_power"])
    world.session("empty", "2019-05-14T12:00:00+00:00", energy_wh=None, grade="unbillable", flags=["no_registers"])
    world.session("kept", "2019-05-15T12:00:00+00:00")
    world.decide("kept", "hold", grade="ok")
    # Local midnight in Berlin is 22:00 UTC: begins in May, its energy is seen in June.
    world.session("edge", "2019-05-31T21:59:00+00:00", seen_at="2019-05-31T22:30:00+00:00")
    world.session("june", "2019-05-31T22:00:00+00:00")
    world.run()
    world.issue(the_draft(world))
    world.issue("adhoc:adhoc")
    found = steps(world)
    assert {step.step: step.unexplained for step in found.values()} == dict.fromkeys(LINKS, ())
    assert found["steps_to_sessions"].left == Decimal("47.0025")
    assert found["steps_to_sessions"].right == Decimal("57.0025")
    assert [(why.reason, why.amount, why.ids) for why in found["steps_to_sessions"].explained_by] == [
        ("seen_later", Decimal(-10), ("edge",))
    ]
    cdrs = found["sessions_to_cdrs"]
    assert (cdrs.left, cdrs.right, cdrs.difference) == (Decimal("57.0025"), Decimal("47.0025"), Decimal(10))
    assert [(why.reason, why.amount, why.ids) for why in cdrs.explained_by] == [
        ("held", Decimal(10), ("kept",)),
        ("unbillable", Decimal(0), ("empty",)),
    ]
    lines = found["cdrs_to_lines_energy"]
    assert [(why.reason, why.amount) for why in lines.explained_by] == [
        ("ad_hoc_nothing_due", Decimal("0.001")),
        ("suspect_not_billed", Decimal(10)),
    ]
    # Whole Wh are priced: 10.002 kWh × 0.3333 = 3.3336666 → 3.33; 7 × 0.3333 = 2.3331 → 2.33;
    # 10 × 0.3333 = 3.333 → 3.33, and once more without a contract.
    amounts = found["cdrs_to_lines_amount"]
    assert amounts.unit == "EUR"
    assert amounts.right == Decimal("12.32")
    assert {why.reason: why.amount for why in amounts.explained_by} == {
        "ad_hoc_nothing_due": Decimal("0.0003333"),
        "rounding": Decimal("0.0127666"),
        "suspect_not_billed": Decimal("3.333"),
    }
    assert amounts.difference == sum(why.amount for why in amounts.explained_by)
    assert found["invoices_to_booked"].right == Decimal("12.32")
    # 19 % of 8.99 and of 3.33.
    assert found["vat_to_documents"].left == found["vat_to_documents"].right == Decimal("2.34")
    assert found["booked_to_standing"].left == found["booked_to_standing"].right == Decimal("14.66")
    assert found["numbers_to_documents"].left == found["numbers_to_documents"].right == 2


def test_prices_that_include_an_unknown_vat_keep_the_month_open(world: ClosingWorld) -> None:
    terms = {"currency": "EUR", "ocpi_version": "2.3.0", "valid_from": OPEN, "tax_included": "YES"}
    world.set("tariffs", ["T", 1], elements=energy("0.30", vat=None), **terms)
    world.session("bought", id_token=None)
    world.session("contract")
    world.run()
    found = steps(world)
    assert [(why.reason, why.amount) for why in found["cdrs_to_lines_energy"].unexplained] == [
        ("vat_unknown", Decimal(20))
    ]
    assert [why.reason for why in found["components_to_cdrs"].unexplained] == ["vat_unknown"]


def test_a_closed_month_keeps_its_sums_and_its_snapshot(world: ClosingWorld) -> None:
    world.session()
    world.run()
    number = world.issue(the_draft(world))
    report = closing.close(world.lake, "O", MAY, by="Ada", now=NOW)
    assert report.blocked_by == ()
    kept = periods.period(world.engine, "O", MAY)
    assert (kept.state, kept.changed_by, kept.changed_at) == ("closed", "Ada", NOW)
    assert kept.snapshot == world.lake.snapshot()
    assert kept.control_sums is not None
    assert kept.control_sums["mark"] == f"{kept.snapshot}@2019-06-05T08:00:00Z#none"
    assert kept.control_sums["sites"] == [
        {
            "site_id": "site",
            "currency": "EUR",
            "sessions": 1,
            "session_kwh": "10.000000000",
            "cdrs": 1,
            "cdr_kwh": "10.000000000",
            "cdr_excl_vat": "3.0000",
            "billed_kwh": "10.000000000",
            "billed_excl_vat": "3.0000",
        }
    ]
    assert kept.control_sums["documents"] == [
        {
            "currency": "EUR",
            "invoices": 1,
            "credit_notes": 0,
            "total_excl_vat": "3.0000",
            "total_vat": "0.5700",
            "total_incl_vat": "3.5700",
        }
    ]
    assert [(row["country_code"], row["vat_percent"], row["net"], row["vat"]) for row in kept.control_sums["vat"]] == [
        ("DE", "19.0000", "3.0000", "0.5700")
    ]
    assert number == "KWH-2019-0001"
    assert closing.status(world.lake, "O", MAY).changed_since == ()


def test_a_mark_is_never_older_than_the_documents_in_its_sums(world: ClosingWorld) -> None:
    world.session()
    world.run()
    world.issue(the_draft(world), at=NOW + timedelta(hours=1))
    kept = closing.close(world.lake, "O", MAY, now=NOW).period.control_sums
    assert kept is not None
    assert "@2019-06-05T09:00:00Z#" in kept["mark"]


def test_what_keeps_a_month_open_is_named_and_nothing_is_changed(world: ClosingWorld) -> None:
    world.session()
    world.session("untold", "2019-05-11T12:00:00+00:00", site_id="site", energy_wh=Decimal(5))
    world.set("tariff_assignments", ["A"], tariff_id="T", valid_from=OPEN, valid_to="2019-05-11T00:00:00+00:00")
    world.session("going", "2019-05-12T12:00:00+00:00", state="active", ended_at=None)
    # At no registered site: nobody's month, so everybody's. Without energy there is nothing to bill.
    world.session("stray", "2019-05-13T12:00:00+00:00", site_id="unregistered", station_id="unknown")
    world.session("void", "2019-05-13T12:00:00+00:00", site_id="no more", station_id="other", energy_wh=Decimal(0))
    world.run()
    with pytest.raises(MonthDoesNotClose) as refused:
        closing.close(world.lake, "O", MAY, now=datetime(2019, 5, 31, 21, tzinfo=UTC))
    assert refused.value.reasons == (
        "the month is not over at site site",
        "sessions that go on: going; accept them with --accept-unpriced active",
        "sessions of stations that stand at no registered site: unknown; accept them with --accept-unpriced no_site",
        "sessions without a price, no_tariff: untold; accept them with --accept-unpriced no_tariff",
        f"drafts not issued: {the_draft(world)}",
    )
    assert periods.period(world.engine, "O", MAY).state == "open"
    assert closing.status(world.lake, "O", MAY, now=NOW).blocked_by == refused.value.reasons[1:]
    world.issue(the_draft(world))
    report = closing.close(world.lake, "O", MAY, accept_unpriced=["active", "no_site", "no_tariff"], now=NOW)
    sums = report.period.control_sums or {}
    assert sums["accepted_unpriced"] == {
        "active": {"sessions": 1, "kwh": "10.000000"},
        "no_site": {"sessions": 1, "kwh": "10.000000"},
        "no_tariff": {"sessions": 1, "kwh": "0.005000"},
    }


def test_a_document_that_was_changed_is_found(world: ClosingWorld) -> None:
    world.session()
    world.run()
    number = world.issue(the_draft(world))
    lines: tuple[tuple[str, dict[str, object], str, str], ...] = (
        ("documents", {"total_vat": Decimal("0.58")}, "vat_to_documents", "vat_differs"),
        ("documents", {"total_incl_vat": Decimal("3.58")}, "vat_to_documents", "total_differs"),
        ("documents", {"total_excl_vat": Decimal("2.99")}, "lines_to_invoices", "lines_do_not_sum"),
        ("documents", {"status": "credited"}, "booked_to_standing", "credited_without_credit_note"),
        ("documents", {"serial": 3}, "numbers_to_documents", "number_is_missing"),
        ("document_lines", {"amount_excl_vat": Decimal("3.01")}, "cdrs_to_lines_amount", "amount_differs"),
        ("document_lines", {"energy_wh": Decimal(9)}, "cdrs_to_lines_energy", "energy_differs"),
        ("document_lines", {"cdr_id": "gone"}, "cdrs_to_lines_energy", "billed_cdr_is_gone"),
    )
    for name, values, link, reason in lines:
        before = world.spoil(name, number, **values)
        assert reason in [why.reason for why in steps(world)[link].unexplained], reason
        world.spoil(name, number, **before)
    assert reconcile(world.lake, world.engine, "O", MAY).adds_up
    world.spoil("documents", number, total_vat=Decimal("0.58"))
    with pytest.raises(MonthDoesNotClose, match=f"vat_to_documents: -0.01 EUR, documents whose VAT .*: {number}"):
        closing.close(world.lake, "O", MAY, now=NOW)


def test_a_lake_that_lost_something_is_found(world: ClosingWorld) -> None:
    world.session()
    world.run()
    world.issue(the_draft(world))
    for name, change, link, reason in (
        (
            "core.energy_steps",
            "UPDATE {} SET energy_wh = 9999",
            "steps_to_sessions",
            "steps_differ",
        ),
        (
            "core.sessions",
            "UPDATE {} SET end_register_wh = 1",
            "registers_to_sessions",
            "registers_differ",
        ),
        ("core.sessions", "UPDATE {} SET energy_wh = 1", "sessions_to_cdrs", "energy_differs"),
        ("core.sessions", "DELETE FROM {}", "sessions_to_cdrs", "cdr_without_session"),
        ("billing.cdrs", "DELETE FROM {}", "sessions_to_cdrs", "not_priced_yet"),
        ("billing.cdrs", "DELETE FROM {}", "cdrs_to_lines_energy", "billed_cdr_is_gone"),
        ("billing.cdrs", "UPDATE {} SET total_excl_vat = 4", "components_to_cdrs", "total_differs"),
        ("billing.cdrs", "DELETE FROM {}", "cdrs_to_issued", "issued_cdr_is_gone"),
        ("billing.issued_cdrs", "DELETE FROM {}", "cdrs_to_issued", "issued_cdr_is_missing"),
        ("billing.issued_cdrs", "UPDATE {} SET total_excl_vat = 4", "cdrs_to_issued", "issued_cdr_differs"),
        (
            "billing.cdr_lines",
            "UPDATE {} SET amount_excl_vat = 3.006",
            "cdrs_to_lines_amount",
            "amount_differs",
        ),
    ):
        world.lake.con.execute(f"CREATE OR REPLACE TEMP TABLE good AS FROM lake.{name}")
        with world.lake.write("spoil") as con:
            con.execute(change.format(f"lake.{name}"))
        (why,) = steps(world)[link].unexplained
        assert (why.reason, len(why.ids)) == (reason, 1)
        with world.lake.write("mend") as con:
            con.execute(f"DELETE FROM lake.{name}")
            con.execute(f"INSERT INTO lake.{name} FROM good")
    assert reconcile(world.lake, world.engine, "O", MAY).adds_up


def test_late_data_after_closing_are_booked_in_the_next_open_month(world: ClosingWorld) -> None:
    world.session()
    world.run()
    first = world.issue(the_draft(world))
    closing.close(world.lake, "O", MAY, now=NOW)
    world.session(energy_wh=Decimal(20_000))
    world.session("june", "2019-06-10T12:00:00+00:00")
    world.run()
    changed = closing.status(world.lake, "O", MAY).changed_since
    assert changed[:2] == (
        "sessions_to_sites: 20.000000 and 20.000000 kWh; closed with 10.000000 and 10.000000",
        "registers_to_sessions at site: 20.000000 and 20.000000 kWh; closed with 10.000000 and 10.000000",
    )
    june, july = date(2019, 6, 1), datetime(2019, 7, 5, tzinfo=UTC)
    assert closing.booking_month(world.engine, "O", MAY) == june
    # The correction of May is June's business now.
    with pytest.raises(MonthDoesNotClose, match=f"drafts not issued: .*{the_draft(world)}"):
        closing.close(world.lake, "O", june, now=july)
    world.credit(first, at=july, booked_month=june)
    world.issue(the_draft(world), at=july, booked_month=june)
    ((of_june,),) = world.rows("SELECT invoice_id FROM billing.invoice_drafts WHERE month = '2019-06-01'")
    world.issue(of_june, at=july)
    report = closing.close(world.lake, "O", june, now=july)
    found = {step.step: step for step in report.chain.steps}
    assert [(why.reason, why.amount) for why in found["invoices_to_booked"].explained_by] == [
        ("of_another_month", Decimal(-3))
    ]
    assert [(why.reason, why.amount) for why in found["booked_to_standing"].explained_by] == [
        ("takes_back_another_month", Decimal("-3.57"))
    ]
    assert found["booked_to_standing"].right == Decimal("10.71")
    may = {step.step: step for step in closing.status(world.lake, "O", MAY).chain.steps}
    assert may["cdrs_to_lines_energy"].right == 20
    assert may["booked_to_standing"].explained_by[0].reason == "credited_in_another_month"
    assert closing.booking_month(world.engine, "O", MAY) == date(2019, 7, 1)


def test_states_go_forwards_only_but_for_unlocking(world: ClosingWorld) -> None:
    lake, engine = world.lake, world.engine
    world.write()
    assert closing.is_open(engine, "O", MAY)
    with pytest.raises(PeriodRefused, match="lock it first"):
        periods.move(engine, "O", MAY, "closed", at=NOW, by="Ada")
    assert closing.lock(lake, "O", MAY, by="Ada", now=NOW).state == "locked"
    assert not closing.is_open(engine, "O", MAY)
    assert not closing.is_closed(engine, "O", MAY)
    with pytest.raises(PeriodRefused, match="2019-05 of O is locked: nothing was changed"):
        closing.lock(lake, "O", MAY)
    assert closing.unlock(lake, "O", MAY, by="Bob", now=NOW).changed_by == "Bob"
    closing.lock(lake, "O", MAY)
    closing.close(lake, "O", MAY, now=NOW)
    for move in (closing.lock, closing.unlock):
        with pytest.raises(PeriodRefused, match="never opened again"):
            move(lake, "O", MAY)
    with pytest.raises(PeriodRefused, match="never opened again"):
        closing.close(lake, "O", MAY, now=NOW)
    assert closing.is_closed(engine, "O", MAY)
    assert [found.state for found in periods.listing(engine)] == ["closed"]
    with pytest.raises(InputError, match="There is no operator 'X'; there are O"):
        closing.status(lake, "X", MAY)


def test_a_locked_month_stays_locked_when_closing_is_refused(world: ClosingWorld) -> None:
    world.session()
    world.run()
    closing.lock(world.lake, "O", MAY, now=NOW)
    with pytest.raises(MonthDoesNotClose):
        closing.close(world.lake, "O", MAY, now=NOW)
    assert periods.period(world.engine, "O", MAY).state == "locked"


def test_the_issuing_transaction_sees_the_state_of_the_month(world: ClosingWorld) -> None:
    world.write()
    closing.lock(world.lake, "O", MAY, now=NOW)
    closing.close(world.lake, "O", MAY, now=NOW)
    with world.engine.begin() as connection:
        assert closing.is_closed(connection, "O", MAY)
        assert closing.booking_month(connection, "O", MAY) == date(2019, 6, 1)
        assert closing.booking_month(connection, "other", MAY) == MAY
    december = date(2019, 12, 1)
    closing.close(world.lake, "O", december, now=datetime(2020, 1, 5, tzinfo=UTC))
    assert closing.booking_month(world.engine, "O", december) == date(2020, 1, 1)


def test_every_reason_of_the_sql_has_words() -> None:
    folder = Path(closing.__file__).parent / "sql"
    texts = "\n".join(path.read_text() for path in (*folder.glob("*.sql"), folder.parent / "claims.py"))
    for reason in REASONS:
        assert f"'{reason}'" in texts or f'"{reason}"' in texts or reason in ("fee", "included"), reason


def test_the_command_tells_closes_and_refuses(world: ClosingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(world.lake.settings.home))
    world.session()
    world.run()
    run = CliRunner().invoke
    told = run(commands.close_app, ["2019-05", "--status", "--json"])
    assert told.exit_code == 0, told.output
    report = json.loads(told.output)
    assert report["period"]["state"] == "open"
    assert report["blocked_by"] == [f"drafts not issued: {the_draft(world)}"]
    assert report["chain"]["steps"][0]["step"] == "sessions_to_sites"
    assert {"step", "left", "right", "difference", "explained_by"} <= set(report["chain"]["steps"][0])
    refused = run(commands.close_app, ["2019-05"])
    assert isinstance(refused.exception, MonthDoesNotClose)
    locked = run(commands.close_app, ["2019-05", "--lock", "--by", "Ada", "--operator", "O"])
    assert locked.output.startswith("2019-05 of O is locked since ")
    assert run(commands.close_app, ["2019-05", "--unlock"]).exit_code == 0
    world.issue(the_draft(world))
    closed = run(commands.close_app, ["2019-05"])
    assert closed.exit_code == 0, closed.output
    assert "= cdrs_to_lines_amount (site): exact components of CDRs 3, amounts of invoice lines 3 EUR" in closed.output
    assert run(commands.close_app, ["2019-13"]).exit_code == 2
    assert run(commands.close_app, ["2019-05", "--lock", "--status"]).exit_code == 2
