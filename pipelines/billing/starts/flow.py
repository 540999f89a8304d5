"""Charges begun on a phone: each method looks at what is written and seen, and takes the next step.

Pages, webhooks and the clock call the same `look`; who is faster takes the step, the others find it taken.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from pipelines.billing.payments import records as payments_kept
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.starts import records
from pipelines.billing.starts.model import KNOWN_AFTER, Act, Seen, Start, failed, may_begin, next_step
from pipelines.billing.starts.tokens import SOURCE, ad_hoc_token, app_token, block
from warehouse.errors import CannotStart, InputError
from warehouse.registry.changes import Author
from warehouse.remote import commands

_STEPS_AT_ONCE = 5


# Why a token may not charge at a station now, by the rules of access; None: it may.
Refusal = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants to charge where. `contract_id`: the driver's, which pays; None: `hold` is held first."""

    page_token: str
    station_id: str
    evse_id: int
    operator_id: str
    driver_id: str | None = None
    contract_id: str | None = None
    hold: Money | None = None
    payer_email: str | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Starts:
    """Starts in the state database behind `engine`. `payments` is None where nobody takes cards; `refusal` is asked
    before a contract pays."""

    def __init__(
        self,
        engine: sa.Engine,
        payments: Payments | None,
        now: Callable[[], datetime] = _now,
        refusal: Refusal = lambda _id_token, _station_id: None,
    ) -> None:
        self._engine, self._payments, self._now, self._refusal = engine, payments, now, refusal

    def begin(self, wanted: Wanted) -> Start:
        """Begin; the same page again is the same start. Raises `CannotStart`, or what the payment provider answers."""
        start = records.find(self._engine, start_id=records.start_id(wanted.page_token)) or self._new(wanted)
        if start.state == "awaiting_payment" and start.payment_id is None and wanted.hold and self._payments:
            held = self._payments.authorise(
                wanted.hold, start_id=start.start_id, operator_id=wanted.operator_id, payer_email=wanted.payer_email
            )
            records.changed(self._engine, start, {"payment_id": held.payment_id})
        return self._get(start.start_id)

    def _new(self, wanted: Wanted) -> Start:
        now = self._now()
        author = wanted.driver_id or "guest"
        if wanted.contract_id is not None:
            id_token, is_new = app_token(self._engine, wanted.contract_id, author, now)
            why = self._refusal(id_token, wanted.station_id)
            if why is not None:
                told = f"{wanted.contract_id} may not charge at {wanted.station_id} now: {why.replace('_', ' ')}."
                raise CannotStart(why, told)
        elif wanted.hold is None or self._payments is None:
            raise CannotStart("hold", "Charging without a contract needs a card payment, and none can be taken here.")
        else:
            id_token, is_new = ad_hoc_token(self._engine, author, now), True
        start_id = records.start_id(wanted.page_token)
        row = {
            "start_id": start_id,
            "page_token": wanted.page_token,
            "station_id": wanted.station_id,
            "evse_id": wanted.evse_id,
            "operator_id": wanted.operator_id,
            "id_token": id_token,
            "driver_id": wanted.driver_id,
            "contract_id": wanted.contract_id,
            "state": "starting" if wanted.contract_id else "awaiting_payment",
            "made_at": now,
            "ready_at": now + KNOWN_AFTER if is_new else now,
        }
        if not records.add(self._engine, row) and wanted.contract_id is None:
            block(self._engine, id_token)  # two taps at once: the other one was faster, with a token of its own
        return self._get(start_id)

    def look(self, start_id: str) -> Start:
        """The start as it stands, after the steps that can be taken now."""
        for _ in range(_STEPS_AT_ONCE):
            if not self._step(self._get(start_id)):
                break
        return self._get(start_id)

    def look_after(self) -> None:
        """Take the next steps of everything unfinished."""
        for start in records.unfinished(self._engine, self._now()):
            self.look(start.start_id)

    def go_on(self) -> None:
        """Take the next steps of what the station is to be told, and of what begins after it was given up. Asks nobody
        outside: for every few seconds, so that nothing waits for a phone that is gone."""
        waiting = records.awaited(self._engine, self._now())
        begun = records.going(self._engine, waiting)
        for start in waiting:
            if start.state == "starting" or start.start_id in begun:
                self.look(start.start_id)

    def begin_paid(self) -> None:
        """Take the next steps of what was paid since: for who has heard of a payment."""
        for start in records.paid(self._engine):
            self.look(start.start_id)

    def of_page(self, page_token: str) -> Start | None:
        """The start whose page that is, looked at; None where there is none."""
        found = records.find(self._engine, page_token=page_token)
        return None if found is None else self.look(found.start_id)

    def stop(self, start_id: str) -> Start:
        """End it: what charges is told to stop, what has not begun is given up. Again: nothing happens twice."""
        for _ in range(_STEPS_AT_ONCE):
            start = self.look(start_id)
            if start.state in ("awaiting_payment", "starting"):
                done = self._cancel(start)
            elif start.state == "charging" and start.transaction_id is not None and not self.is_stopping(start):
                done = self._tell_stop(start, start.transaction_id, {})
            else:
                return start
            if done:
                break
        return self.look(start_id)

    def is_stopping(self, start: Start) -> bool:
        """Whether the station was told to stop, and has not said that it will not."""
        told = commands.find(self._engine, start.stop_command_id) if start.stop_command_id else None
        return told is not None and self._command_state(told) in ("waiting", "sent", "accepted")

    def may_begin(self, start: Start) -> bool:
        """Whether a charge that has failed may begin after all: the station may be waiting for a cable."""
        return start.state == "failed" and may_begin(start, self._seen(start).command, self._now())

    def _get(self, start_id: str) -> Start:
        found = records.find(self._engine, start_id=start_id)
        if found is None:
            raise InputError(f"There is no start {start_id!r}.")
        return found

    def _step(self, start: Start) -> bool:
        """Take one step; False where there is none to take, or somebody else was faster in telling the station."""
        now = self._now()
        seen = self._seen(start)
        step = next_step(start, seen, now)
        if step.act is Act.GIVE_BACK:
            return self._give_back(start)
        if step.act is Act.TELL_STATION:
            self._tell_start(start)
            return False
        if step.state is None:
            return False
        values: dict[str, object] = {"state": step.state, "why_failed": step.why_failed}
        if step.state in ("ended", "failed"):
            values |= {"over_at": now}
        elif seen.going is not None:
            values |= {"transaction_id": seen.going.transaction_id, "began_at": seen.going.since, "over_at": None}
        if step.act is Act.TELL_STOP and seen.going is not None:
            with suppress(InputError):  # the registry has that station no more
                self._tell_stop(start, seen.going.transaction_id, values)
                return True
        written = records.changed(self._engine, start, values)
        if written and step.act is Act.BLOCK_TOKEN:
            self._block_ad_hoc(start)
        return True

    def _seen(self, start: Start) -> Seen:
        command = commands.find(self._engine, start.command_id) if start.command_id else None
        return Seen(
            hold=self._hold(start),
            command=None if command is None else self._command_state(command),
            going=records.going(self._engine, [start]).get(start.start_id),
        )

    def _hold(self, start: Start) -> str | None:
        if start.payment_id is None or start.state not in ("awaiting_payment", "starting", "failed"):
            return None
        if self._payments is not None and start.state == "awaiting_payment":
            return self._payments.advance(start.payment_id).state
        return payments_kept.get(self._engine, start.payment_id).state

    def _command_state(self, command: commands.Command) -> str:
        """While no collector runs nobody else notices that a command has come to nothing."""
        if not commands.is_overdue(command, self._now()):
            return command.state
        return "expired" if command.state == "waiting" else "unanswered"

    def _tell_start(self, start: Start) -> None:
        arguments = {"id_token": start.id_token, "token_type": "Central", "evse_id": start.evse_id}
        values = {"command_at": self._now()}
        try:
            self._tell(start, "start", arguments, "command_id", values)
        except InputError:  # the registry has that station no more
            if records.changed(self._engine, start, self._over("unreachable")):
                self._block_ad_hoc(start)

    def _tell_stop(self, start: Start, transaction_id: str, values: Mapping[str, object]) -> bool:
        return self._tell(start, "stop", {"transaction_id": transaction_id}, "stop_command_id", values)

    def _tell(
        self, start: Start, kind: str, arguments: Mapping[str, object], column: str, values: Mapping[str, object]
    ) -> bool:
        """Write `values` and ask the station in one transaction: so it is told once, whoever is faster. False, and
        nothing done, where the row has changed since it was read."""
        command_id, author = uuid.uuid4().hex, Author(start.driver_id or "guest", SOURCE)
        with self._engine.begin() as connection:
            if not records.change(connection, start, {**values, column: command_id}):
                return False
            commands.enter(
                connection, start.station_id, kind, arguments, author, now=self._now(), command_id=command_id
            )
        return True

    def _cancel(self, start: Start) -> bool:
        """Give up what has not begun, and take back what the station was not told yet."""
        with self._engine.begin() as connection:
            if not records.change(connection, start, self._over("cancelled")):
                return False
            if start.command_id is not None:
                commands.withdraw(connection, start.command_id, self._now())
        self._block_ad_hoc(start)
        return True

    def _give_back(self, start: Start) -> bool:
        if self._payments is None or start.payment_id is None:
            return False
        self._payments.release(start.payment_id)  # what stands against it is in the payment's `last_error`
        return False

    def _over(self, why: str) -> dict[str, object]:
        step = failed(why)
        return {"state": step.state, "why_failed": step.why_failed, "over_at": self._now()}

    def _block_ad_hoc(self, start: Start) -> None:
        if start.contract_id is None:
            block(self._engine, start.id_token)
