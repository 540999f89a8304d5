"""Both sides of a conversation become journal rows. Without a socket: the relay says what has passed.

In raw, `in` is what came from the station and `out` what came from the central system; both sides make calls.
"""

from __future__ import annotations

import logging
from typing import Final, Literal

from ingest.ocpp.frames import CALL, Frame, Rejection, read, reject
from ingest.ocpp.schemas import schema_error
from ingest.record import Record

log = logging.getLogger(__name__)

Direction = Literal["in", "out"]

_MOST_PENDING: Final = 64  # calls of one side whose answers are awaited; OCPP allows one
_LONGEST_NAME: Final = 255  # characters of a message id or action that is remembered; OCPP allows 36 and about 50
_OTHER: Final[dict[Direction, Direction]] = {"in": "out", "out": "in"}


class Transcript:
    """Records what passes on one connection."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._pending: dict[Direction, dict[str, str]] = {"in": {}, "out": {}}

    def take(self, direction: Direction, data: bytes) -> None:
        """One message as it came. Never raises: recording must not stop what passes."""
        text, frame = read(data, self._record.version)
        if isinstance(frame, Rejection):
            self._reject(direction, text, frame)
            return
        try:
            self._take(direction, frame)
        except Exception as failure:
            log.exception("A frame of station %s could not be read", self._record.station_id)
            self._reject(direction, text, reject(text, "internal_error", repr(failure)))

    def too_long(self, direction: Direction, detail: str) -> None:
        """A message was longer than allowed; the socket layer has thrown it away."""
        self._reject(direction, "", Rejection("too_long", detail))

    def _take(self, direction: Direction, frame: Frame) -> None:
        message_type, message_id, _, action, payload_text, payload, defect = frame
        record = self._record
        if direction == "in":
            record.clock.observe(payload)
        if action is not None:
            defect = defect or schema_error(record.version, action, payload)
            if message_type == CALL:
                self._remember(direction, message_id, action)
        else:
            action = self._pending[_OTHER[direction]].pop(message_id, None)
        now = record.clock.now()
        # Nothing waits for the station's calls to be written but their answers.
        soon = direction == "out"
        record.message(now, direction, message_type, message_id, action, payload_text, defect, soon=soon)

    def _remember(self, direction: Direction, message_id: str, action: str) -> None:
        pending = self._pending[direction]
        pending.pop(message_id, None)
        if max(len(message_id), len(action)) > _LONGEST_NAME:
            return
        if len(pending) >= _MOST_PENDING:
            del pending[next(iter(pending))]
        pending[message_id] = action

    def _reject(self, direction: Direction, text: str, rejection: Rejection) -> None:
        if direction == "out":  # raw.rejected has no direction: most often it is the station
            rejection = rejection._replace(detail=f"from the central system: {rejection.detail}")
        self._record.rejected(self._record.clock.now(), text, rejection)
