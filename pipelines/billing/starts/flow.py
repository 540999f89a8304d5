"""Charges begun on a phone: each method looks at what is written and seen, and takes the next step.

Pages, webhooks and the clock call the same `look`; who is faster takes the step, the others find it taken.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from pipelines.billing.payments import records as payments_kept
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.starts import records
from pipelines.billing.starts.model import KNOWN_AFTER, Act, Seen, Start, failed, next_step
from warehouse.errors import InputError
from warehouse.registry.changes import Author
from warehouse.registry.editing import RowRefused, add_row, change_row
from warehouse.remote import commands
from warehouse.state import table

SOURCE = "phone page"
# OCPP 1.6 allows 20 characters (CiString20Type); 80 random bits.
_TOKEN_BYTES = 10
# Stations' clocks differ: a session that seems to begin a little before its token must not be unpriced for it.
_TOKEN_BACKDATED = timedelta(days=1)
_TOKEN_LASTS = timedelta(days=3)
_APP = "APP_USER"
_STEPS_AT_ONCE = 5


class CannotStart(InputError):
    """Nobody can begin to charge there so. `why` is a word for it: hold, offline, price, used."""

    def __init__(self, why: str, told: str) -> None:
        super().__init__(told)
        self.why = why


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
    """Starts in the state database behind `engine`. `payments` is None where nobody takes cards."""

    def __init__(self, engine: sa.Engine, payments: Payments | None, now: Callable[[], datetime] = _now) -> None:
        self._engine, self._payments, self._now = engine, payments, now

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
        if wanted.contract_id is not None:
            id_token, is_new = self._app_token(wanted)
        elif wanted.hold is None or self._payments is None:
            raise CannotStart("hold", "Charging without a contract needs a card payment, and none can be taken here.")
        else:
            id_token, is_new = self._ad_hoc_token(wanted), True
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
            self._block(id_token)  # two taps at once: the other one was faster, with a token of its own
        return self._get(start_id)

    def look(self, start_id: str) -> Start:
        """The start as it stands, after the steps that can be taken now."""
        for _ in range(_STEPS_AT_ONCE):
            if not self._step(self._get(start_id)):
                break
        return self._get(start_id)

    def look_after(self) -> None:
        """Take the next steps of everything unfinished."""
        for start in records.unfinished(self._engine):
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
        start = self.look(start_id)
        if start.state in ("awaiting_payment", "starting"):
            going = records.going(self._engine, [start])
            if not going and records.changed(self._engine, start, self._over("cancelled")):
                self._block_ad_hoc(start)
            return self.look(start_id)
        if start.state != "charging" or start.transaction_id is None:
            return start
        if not self.is_stopping(start):
            arguments = {"transaction_id": start.transaction_id}
            command_id = self._ask(start, "stop", arguments)
            records.changed(self._engine, start, {"stop_command_id": command_id})
        return self._get(start_id)

    def is_stopping(self, start: Start) -> bool:
        """Whether the station was told to stop, and has not said that it will not."""
        told = commands.find(self._engine, start.stop_command_id) if start.stop_command_id else None
        return told is not None and self._command_state(told) in ("waiting", "sent", "accepted")

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
            if records.changed(self._engine, start, {"command_at": now}):
                self._tell_station(self._get(start.start_id))
            return False
        if step.state is None:
            return False
        values: dict[str, object] = {"state": step.state, "why_failed": step.why_failed}
        if step.state in ("ended", "failed"):
            values |= {"over_at": now}
        elif seen.going is not None:
            values |= {"transaction_id": seen.going.transaction_id, "began_at": seen.going.since, "over_at": None}
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

    def _tell_station(self, start: Start) -> None:
        arguments = {"id_token": start.id_token, "token_type": "Central", "evse_id": start.evse_id}
        command_id = self._ask(start, "start", arguments)
        records.changed(self._engine, start, {"command_id": command_id})

    def _give_back(self, start: Start) -> bool:
        if self._payments is None or start.payment_id is None:
            return False
        self._payments.release(start.payment_id)  # what stands against it is in the payment's `last_error`
        return False

    def _over(self, why: str) -> dict[str, object]:
        step = failed(why)
        return {"state": step.state, "why_failed": step.why_failed, "over_at": self._now()}

    def _ad_hoc_token(self, wanted: Wanted) -> str:
        now = self._now()
        id_token = secrets.token_hex(_TOKEN_BYTES).upper()
        row = {
            "id_token": id_token,
            "token_type": "AD_HOC_USER",
            "status": "active",
            "valid_from": now - _TOKEN_BACKDATED,
            "valid_to": now + _TOKEN_LASTS,
        }
        add_row(self._engine, "tokens", row, Author(wanted.driver_id or "guest", SOURCE))
        return id_token

    def _app_token(self, wanted: Wanted) -> tuple[str, bool]:
        """The token by which the contract is charged from a phone, and whether it was made just now."""
        rows = table("registry", "tokens")
        mine = sa.select(rows.c.id_token).filter_by(token_type=_APP, contract_id=wanted.contract_id, status="active")
        with self._engine.connect() as connection:
            found = connection.execute(mine.order_by(rows.c.id_token).limit(1)).scalar()
        if found is not None:
            return str(found), False
        id_token = secrets.token_hex(_TOKEN_BYTES).upper()
        row = {
            "id_token": id_token,
            "token_type": _APP,
            "contract_id": wanted.contract_id,
            "status": "active",
            "valid_from": self._now() - _TOKEN_BACKDATED,
        }
        add_row(self._engine, "tokens", row, Author(str(wanted.driver_id), SOURCE))
        return id_token, True

    def _block_ad_hoc(self, start: Start) -> None:
        if start.contract_id is None:
            self._block(start.id_token)

    def _block(self, id_token: str) -> None:
        """The token has done what it was made for: who overheard it charges nothing with it."""
        try:
            key = {"id_token": id_token}
            change_row(self._engine, "tokens", key, {"status": "blocked"}, Author("phone", SOURCE))
        except RowRefused:
            return  # erased meanwhile

    def _ask(self, start: Start, kind: str, arguments: Mapping[str, object]) -> str:
        author = Author(start.driver_id or "guest", SOURCE)
        return commands.ask(self._engine, start.station_id, kind, arguments, author, now=self._now())
