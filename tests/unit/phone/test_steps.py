"""What comes next for a charge begun on a phone: the table, row by row, and what must never happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.starts.model import (
    BEGINS_WITHIN,
    KNOWN_AFTER,
    PAID_WITHIN,
    WAIT,
    Act,
    Going,
    Seen,
    Start,
    Step,
    next_step,
)
from warehouse.contract.drivers import START_STATES, WHY_FAILED
from warehouse.contract.remote import STATES as COMMAND_STATES

pytestmark = pytest.mark.fast

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
START = Start(
    start_id="start_1",
    page_token="p" * 32,
    station_id="CP-1",
    evse_id=1,
    operator_id="O",
    id_token="T",
    driver_id=None,
    contract_id=None,
    payment_id="pay_1",
    state="awaiting_payment",
    why_failed=None,
    made_at=NOW,
    ready_at=NOW + KNOWN_AFTER,
    command_at=None,
    command_id=None,
    stop_command_id=None,
    transaction_id=None,
    began_at=None,
    over_at=None,
    session_id=None,
    revision=0,
)
TOLD = replace(START, state="starting", command_at=NOW, command_id="c1")
FAILED = replace(TOLD, state="failed", why_failed="not_begun", over_at=NOW)
GOING = Going("17", NOW)
CANCELLED = replace(FAILED, why_failed="cancelled")
BLOCK, TELL, STOP, BACK = Act.BLOCK_TOKEN, Act.TELL_STATION, Act.TELL_STOP, Act.GIVE_BACK
LATER = timedelta(seconds=6)


@pytest.mark.parametrize(
    ("start", "seen", "after", "step"),
    [
        (START, Seen(hold="awaiting_payer"), LATER, WAIT),
        (START, Seen(hold="authorised"), LATER, Step("starting")),
        (START, Seen(hold="failed"), LATER, Step("failed", "payment", BLOCK)),
        (START, Seen(hold="awaiting_payer"), PAID_WITHIN, Step("failed", "abandoned", BLOCK)),
        (replace(START, state="starting"), Seen(hold="authorised"), timedelta(seconds=1), WAIT),
        (replace(START, state="starting"), Seen(hold="authorised"), LATER, Step(act=TELL)),
        (TOLD, Seen(hold="authorised", command="sent"), LATER, WAIT),
        (TOLD, Seen(hold="authorised", command="rejected"), LATER, Step("failed", "refused", BLOCK)),
        (TOLD, Seen(hold="authorised", command="failed"), LATER, Step("failed", "refused", BLOCK)),
        (TOLD, Seen(hold="authorised", command="expired"), LATER, Step("failed", "unreachable", BLOCK)),
        (TOLD, Seen(hold="authorised", command="unanswered"), LATER, WAIT),
        (TOLD, Seen(hold="released", command="accepted"), LATER, Step("failed", "payment", BLOCK)),
        (TOLD, Seen(hold="authorised", command="accepted"), BEGINS_WITHIN, Step("failed", "not_begun", BLOCK)),
        (TOLD, Seen(hold="authorised", command="accepted", going=GOING), BEGINS_WITHIN, Step("charging")),
        (replace(TOLD, session_id="s"), Seen(hold="authorised"), LATER, Step("charging")),
        (replace(TOLD, state="charging"), Seen(going=GOING), LATER, WAIT),
        (replace(TOLD, state="charging"), Seen(), LATER, Step("ended", None, BLOCK)),
        (replace(TOLD, state="ended"), Seen(), LATER, WAIT),
        (FAILED, Seen(hold="authorised", command="accepted"), timedelta(seconds=1), WAIT),
        (FAILED, Seen(hold="authorised", command="accepted", going=GOING), LATER, Step("charging")),
        (FAILED, Seen(hold="authorised", command="accepted"), LATER, Step(act=BACK)),
        (FAILED, Seen(hold="authorised", command="rejected"), timedelta(), Step(act=BACK)),
        (FAILED, Seen(hold="authorised", command="withdrawn"), timedelta(), Step(act=BACK)),
        (FAILED, Seen(hold="released", going=GOING), LATER, Step("charging")),
        (CANCELLED, Seen(hold="authorised", command="sent", going=GOING), LATER, Step("charging", act=STOP)),
        (replace(CANCELLED, payment_id=None), Seen(going=GOING), LATER, Step("charging", act=STOP)),
        (replace(FAILED, payment_id=None), Seen(going=GOING), LATER, Step("charging")),
        (FAILED, Seen(hold="released"), LATER, WAIT),
        (replace(FAILED, payment_id=None), Seen(), LATER, WAIT),
    ],
)
def test_the_table(start: Start, seen: Seen, after: timedelta, step: Step) -> None:
    assert next_step(start, seen, NOW + after) == step


HOLDS = st.sampled_from(
    [None, "opening", "awaiting_payer", "processing", "authorised", "captured", "released", "failed"]
)
SEEN = st.builds(
    Seen, hold=HOLDS, command=st.sampled_from([None, *COMMAND_STATES]), going=st.sampled_from([None, GOING])
)


@given(
    state=st.sampled_from(START_STATES),
    told=st.booleans(),
    pays=st.booleans(),
    seen=SEEN,
    seconds=st.integers(0, 4000),
)
def test_money_is_never_given_back_while_it_charges_and_nobody_starts_twice(
    state: str, told: bool, pays: bool, seen: Seen, seconds: int
) -> None:
    start = replace(
        START,
        state=state,
        payment_id="pay_1" if pays else None,
        command_at=NOW if told else None,
        command_id="c1" if told else None,
        over_at=NOW,
    )
    step = next_step(start, seen, NOW + timedelta(seconds=seconds))
    assert step.state in (None, *START_STATES)
    assert step.why_failed in (None, *WHY_FAILED)
    assert (step.state == "failed") == (step.why_failed is not None)
    if step.act is Act.GIVE_BACK:
        assert state == "failed"
        assert seen.going is None
    if step.act is Act.TELL_STATION:
        assert (state, told) == ("starting", False)
    if step.act is Act.TELL_STOP:
        assert seen.going is not None
    if state == "failed" and seen.going is not None:
        assert step.state == "charging", "whoever pays sees it, and can stop it"
    if state == "awaiting_payment" and step.state == "starting":
        assert seen.hold == "authorised"
