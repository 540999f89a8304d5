"""What comes next for a charge that was begun on a phone: a pure decision on what is written and what is seen.

    awaiting_payment → starting → charging → ended
            └────────────┴──→ failed            (what is held is given back)

| state | seen | next |
| --- | --- | --- |
| awaiting_payment | the bank holds the money | starting |
| awaiting_payment | the payment came to nothing; nobody paid within half an hour | failed: payment; abandoned |
| starting | its transaction goes on, or its session is known | charging |
| starting | every collector knows the token by now, and the station was not told yet | tell the station |
| starting | the station said no; it was not there in time | failed: refused; unreachable |
| starting | nothing began within ten minutes of telling it | failed: not_begun |
| charging | the transaction does not go on any more | ended |
| failed | its transaction goes on after all | charging; where the driver had cancelled, the station is told to stop |
| failed | a moment has passed since its token was blocked | give back what is held |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

# Collectors know a change of the registry within five seconds (decision 0031).
KNOWN_AFTER: Final = timedelta(seconds=5)
# A payment page that nobody has confirmed until then is given up.
PAID_WITHIN: Final = timedelta(minutes=30)
# A station waits for the cable for a minute or two (ConnectionTimeOut, EVConnectionTimeOut); what has begun is known in
# the lake a few minutes later at the most.
BEGINS_WITHIN: Final = timedelta(minutes=10)
# What was told to start and came to nothing is looked for so long: some stations wait longer for the cable, and a call
# that is on its way to a station cannot be taken back.
MAY_BEGIN_WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Start:
    """A row of `access.starts`."""

    start_id: str
    page_token: str
    station_id: str
    evse_id: int
    operator_id: str
    id_token: str
    driver_id: str | None
    contract_id: str | None
    payment_id: str | None
    state: str
    why_failed: str | None
    made_at: datetime
    ready_at: datetime
    command_at: datetime | None
    command_id: str | None
    stop_command_id: str | None
    transaction_id: str | None
    began_at: datetime | None
    over_at: datetime | None
    session_id: str | None
    revision: int


@dataclass(frozen=True, slots=True)
class Going:
    """A transaction that goes on, as its collector tells."""

    transaction_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known besides the row. `hold` and `command` are states of payment and start command."""

    hold: str | None = None
    command: str | None = None
    going: Going | None = None


class Act(Enum):
    """What is to be done beside writing the row."""

    NOTHING = "nothing"
    TELL_STATION = "tell the station to start"
    TELL_STOP = "tell the station to stop"
    BLOCK_TOKEN = "block the token"  # noqa: S105 (no password)
    GIVE_BACK = "give back what is held"


@dataclass(frozen=True, slots=True)
class Step:
    """The next state (None: as it is), why it failed, and what is to be done."""

    state: str | None = None
    why_failed: str | None = None
    act: Act = Act.NOTHING


WAIT: Final = Step()


def next_step(start: Start, seen: Seen, now: datetime) -> Step:
    """The next step of `start`, by the table above."""
    match start.state:
        case "awaiting_payment":
            return _paid(start, seen, now)
        case "starting":
            return _begun(start, seen, now)
        case "charging":
            # That it goes on in the lake would say nothing: the lake is as old as the newest refresh.
            return WAIT if seen.going is not None else Step("ended", act=Act.BLOCK_TOKEN)
        case "failed":
            return _given_back(start, seen, now)
    return WAIT


def failed(why: str) -> Step:
    """It came to nothing: first nobody may begin with its token any more, then the money is given back."""
    return Step("failed", why, Act.BLOCK_TOKEN)


def _paid(start: Start, seen: Seen, now: datetime) -> Step:
    if seen.hold == "authorised":
        return Step("starting")
    if seen.hold in ("failed", "released"):
        return failed("payment")
    return failed("abandoned") if now >= start.made_at + PAID_WITHIN else WAIT


def _begun(start: Start, seen: Seen, now: datetime) -> Step:
    if seen.going is not None or start.session_id is not None:
        return Step("charging")
    if start.payment_id is not None and seen.hold in ("failed", "released"):
        return failed("payment")
    if start.command_id is None or start.command_at is None:
        return Step(act=Act.TELL_STATION) if now >= start.ready_at else WAIT
    if seen.command in ("rejected", "failed"):
        return failed("refused")
    if seen.command == "expired":
        return failed("unreachable")
    return failed("not_begun") if now >= start.command_at + BEGINS_WITHIN else WAIT


def _given_back(start: Start, seen: Seen, now: datetime) -> Step:
    if seen.going is not None:
        return Step("charging", act=Act.TELL_STOP if start.why_failed == "cancelled" else Act.NOTHING)
    if seen.hold not in ("opening", "awaiting_payer", "processing", "authorised"):
        return WAIT
    # What the station may have begun just before the token was blocked is heard of by then.
    if may_begin(start, seen.command, now) and start.over_at is not None and now < start.over_at + KNOWN_AFTER:
        return WAIT
    return Step(act=Act.GIVE_BACK)


def may_begin(start: Start, command: str | None, now: datetime) -> bool:
    """Whether something may still begin of a failed start. `command`: the state of its start command."""
    was_told = start.command_id is not None and command not in ("rejected", "failed", "expired", "withdrawn")
    return was_told and start.over_at is not None and now < start.over_at + MAY_BEGIN_WITHIN
