"""The calls that are made to one station on one connection: one at a time, as OCPP-J wants it (1.6J section 4.1.1).

A call is a row of the journal before it leaves, as answers are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ingest.ocpp.calling import Call
from ingest.ocpp.desk import to_json
from ingest.ocpp.frames import CALL, CALL_ERROR
from ingest.record import Record
from warehouse import exact_json

ANSWER_SECONDS: Final = 30.0


class Reply(NamedTuple):
    """What a station answered: a CALLRESULT, or a CALLERROR with `[code, description, details]`."""

    is_error: bool
    payload_text: str
    payload: Any


class NotAnswered(Exception):
    """No answer came; the text says why."""


class Line:
    """One connection, as commands see it. `post` sends a text once everything journaled so far is on disk."""

    def __init__(self, record: Record, post: Callable[[bytes], None]) -> None:
        self.record = record
        self.station_id, self.version = record.station_id, record.version
        self._post = post
        self._pending: tuple[str, str, asyncio.Future[Reply]] | None = None

    async def call(self, call: Call, message_id: str, kept: dict[str, Any] | None = None) -> Reply:
        """Make a call and wait for its answer. `kept`: the payload as it is recorded, where it holds a secret.

        Raises `NotAnswered` when none comes in time, or the connection ends.
        """
        if self.record.is_closed:
            raise NotAnswered("The station's connection was lost before it was sent.")
        text = exact_json.dumps(call.payload)
        shown = text if kept is None else exact_json.dumps(kept)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending = (message_id, call.action, future)
        record = self.record
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
        return self._pending[1] if self._pending is not None and self._pending[0] == message_id else None

    def answered(self, message_id: str, message_type: int, payload_text: str, payload: Any) -> None:
        """The answer to the call that waits has come."""
        if self._pending is not None and self._pending[0] == message_id and not self._pending[2].done():
            self._pending[2].set_result(Reply(message_type == CALL_ERROR, payload_text, payload))

    def hang_up(self) -> None:
        """The connection counts for nothing any more."""
        if self._pending is not None and not self._pending[2].done():
            self._pending[2].set_exception(NotAnswered("The station's connection was lost before it answered."))
