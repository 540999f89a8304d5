"""The calls that are made to one station on one connection: one at a time, as OCPP-J wants it (1.6J section 4.1.1).

A call is a row of the journal before it leaves, as answers are.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from ingest.ocpp.calling import Call
from ingest.ocpp.desk import to_json
from ingest.ocpp.frames import CALL, CALL_ERROR
from ingest.record import Record
from warehouse import exact_json

ANSWER_SECONDS: Final = 30.0
MASK: Final = "***"
# Stations must not tell their key (1.6 security whitepaper A01.FR.12); some do.
_KEY: Final = re.compile(r'\{[^{}]*"AuthorizationKey"[^{}]*\}')
_VALUE: Final = re.compile(r'("value"\s*:\s*)"(?:[^"\\]|\\.)*"')


class Reply(NamedTuple):
    """What a station answered: a CALLRESULT, or a CALLERROR with `[code, description, details]`."""

    is_error: bool
    payload_text: str
    payload: Any


class NotAnswered(Exception):
    """No answer came; the text says why."""


class _Pending(NamedTuple):
    """The call that waits for its answer."""

    message_id: str
    action: str
    future: asyncio.Future[Reply]
    secret: str | None

    def shown(self, text: str) -> str:
        """A text of the call or its answer as it may be recorded."""
        if self.action == "GetConfiguration" and "AuthorizationKey" in text:
            text = _KEY.sub(lambda entry: _VALUE.sub(rf'\1"{MASK}"', entry[0]), text)
        return text if self.secret is None else text.replace(self.secret, MASK)


class Line:
    """One connection, as commands see it. `post` sends a text once everything journaled so far is on disk."""

    def __init__(self, record: Record, post: Callable[[bytes], None]) -> None:
        self.record = record
        self.station_id, self.version = record.station_id, record.version
        self.connected_at = datetime.now(UTC)
        self.password_hash: str | None = None  # that of the password which the station gave
        self._post = post
        self._pending: _Pending | None = None

    async def call(self, call: Call, message_id: str, secret: str | None = None) -> Reply:
        """Make a call and wait for its answer. `secret`: a text of the payload that is not recorded, nor in the answer.

        Raises `NotAnswered` when none comes in time, or the connection ends.
        """
        if self.record.is_closed:
            raise NotAnswered("The station's connection was lost before it was sent.")
        text = exact_json.dumps(call.payload)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending = _Pending(message_id, call.action, future, secret)
        record = self.record
        shown = self._pending.shown(text)
        record.message(record.clock.now(), "out", CALL, message_id, call.action, shown, None)
        self._post(f"[{CALL},{to_json(message_id)},{to_json(call.action)},{text}]".encode())
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        except TimeoutError:
            raise NotAnswered(f"The station did not answer within {ANSWER_SECONDS:.0f} s.") from None
        finally:
            self._pending = None

    def action_of(self, message_id: str) -> str | None:
        """The action of the call that waits for an answer with this id; None: none does."""
        return self._pending.action if self._pending is not None and self._pending.message_id == message_id else None

    def shown(self, message_id: str, payload_text: str) -> str:
        """An answer as it is recorded."""
        pending = self._pending
        return payload_text if pending is None or pending.message_id != message_id else pending.shown(payload_text)

    def answered(self, message_id: str, message_type: int, payload_text: str, payload: Any) -> None:
        """The answer to the call that waits has come."""
        pending = self._pending
        if pending is not None and pending.message_id == message_id and not pending.future.done():
            pending.future.set_result(Reply(message_type == CALL_ERROR, payload_text, payload))

    def hang_up(self) -> None:
        """The connection counts for nothing any more."""
        if self._pending is not None and not self._pending.future.done():
            self._pending.future.set_exception(NotAnswered("The station's connection was lost before it answered."))
