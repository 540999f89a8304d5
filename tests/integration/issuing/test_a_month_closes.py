"""A month with issued, corrected and late documents: it closes when everything adds up, and stays closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.billing import closing
from pipelines.billing.issuing.issue import void
from tests.integration.issuing.issuing_world import NOW, IssuingWorld, issuing_world

MAY, JUNE = date(2019, 5, 1), date(2019, 6, 1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[IssuingWorld]:
    with issuing_world(tmp_path) as world:
        world.people("C1").basic()
        yield world


def run(world: IssuingWorld) -> None:
    """Refresh; every session's energy flowed from its begin to its end."""
    world.write()
    with world.lake.write("steps") as con:
        con.execute("DELETE FROM lake.core.energy_steps")
        con.execute(
            "INSERT INTO lake.core.energy_steps BY NAME SELECT session_id, 1 AS step_no, station_id, site_id, evse_id,"
            " connector_id, true AS measured, energy_wh, started_at AS from_at, ended_at AS to_at"
            " FROM lake.core.sessions"
        )
    world.run()


def test_a_month_closes_with_what_was_corrected_and_what_comes_late_is_booked_after_it(world: IssuingWorld) -> None:
    for session_id in ("s1", "s2", "held", "ad hoc"):
        world.session(session_id, id_token=None if session_id == "ad hoc" else "pseudonym")
    world.decide("held", "hold", grade="ok")
    run(world)
    with pytest.raises(closing.MonthDoesNotClose) as refused:
        closing.close(world.lake, "O", MAY, by="Ada", now=NOW)
    assert [reason.split(":")[0] for reason in refused.value.reasons] == [
        "sessions without a price, held",
        "drafts not issued",
    ]
    world.issue()
    world.session("s2", energy_wh=Decimal(12_345))
    run(world)
    world.issue()
    report = closing.close(world.lake, "O", MAY, accept_unpriced=["held"], by="Ada", now=NOW)
    assert report.period.state == "closed"
    assert all(step.adds_up for step in report.chain.steps)
    # Two invoices and the credit note between them, the first one is taken back; and the receipt over 3.57.
    assert world.rows("SELECT sum(total_incl_vat) FROM billing.documents WHERE booked_month = '2019-05-01'") == [
        (Decimal("11.5400"),)
    ]
    # Twice 10 kWh and 12.345 kWh at 0.30: 3.00 and 3.70; VAT 1.27 on 6.70, and 0.57 on 3.00.
    assert world.rows("SELECT sum(total_excl_vat) FROM billing.issued_cdrs") == [(Decimal("9.7035"),)]

    world.session("s1", energy_wh=Decimal(20_000))
    run(world)
    world.issue(month=MAY)
    assert world.rows(
        "SELECT DISTINCT booked_month FROM billing.documents WHERE month = '2019-05-01' ORDER BY booked_month"
    ) == [(MAY,), (JUNE,)]
    assert all(step.adds_up for step in closing.status(world.lake, "O", JUNE).chain.steps)


def test_what_is_not_billed_after_all_keeps_no_month_open(world: IssuingWorld) -> None:
    world.session("receipt", id_token=None)
    world.session("released", grade="suspect", flags=["implausible_power"])
    world.decide("released", "release")
    world.session("fell")
    run(world)
    report = world.issue()
    assert len(report.issued) == 2
    [receipt] = [done for done in report.issued if done.contract_id == "adhoc:receipt"]

    void(world.lake, world.engine, receipt.document_id, reason="Wrong car", now=NOW, by="Ada")
    world.decide("receipt", "hold", grade="ok")
    world.decide("released", "withdraw")
    world.session("fell", grade="suspect", flags=["implausible_power"])
    run(world)
    step = {step.step: step for step in closing.status(world.lake, "O", MAY).chain.steps}["cdrs_to_issued"]
    assert [(reason.reason, reason.entries) for reason in step.unexplained] == [("issued_cdr_is_gone", 1)]
    # Its payer has nothing more to be billed; the CDR is taken back all the same, and only once.
    elsewhere = world.issue(operator_id="another")
    assert (elsewhere.issued, elsewhere.credit_cdrs) == ((), 0)
    report = world.issue(month=JUNE)
    assert (report.issued, report.credit_cdrs) == ((), 1)
    assert "taken back: 1" in str(report)
    assert world.rows("SELECT kind, session_id FROM billing.issued_cdrs WHERE kind = 'credit'") == [
        ("credit", "receipt")
    ]
    report = world.issue()
    assert ([done.kind for done in report.issued], report.credit_cdrs) == (["credit_note"], 0)
    report = closing.close(world.lake, "O", MAY, accept_unpriced=["held"], by="Ada", now=NOW)
    for name in ("cdrs_to_lines_energy", "cdrs_to_lines_amount"):
        [step] = [step for step in report.chain.steps if step.step == name]
        assert [(why.reason, why.entries) for why in step.explained_by] == [("suspect_not_billed", 2)]


def test_a_cdr_goes_on_as_long_as_an_invoice_bills_it(world: IssuingWorld) -> None:
    world.session()
    run(world)
    world.issue()
    world.session(energy_wh=Decimal(12_000))
    world.session("june", "2019-06-10T12:00:00+00:00")
    run(world)
    # May's invoice stands until it is issued anew.
    assert [world.issue(month=month).credit_cdrs for month in (JUNE, MAY)] == [0, 1]
