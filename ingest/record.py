"""What is kept of a station's connection: opening and end, frames in both directions, and what is no frame."""

from __future__ import annotations

from ingest.access.rules import Decision
from ingest.clock import Clock
from ingest.journal import Journal
from ingest.metrics import Tally
from ingest.ocpp.desk import Asked
from ingest.ocpp.frames import Rejection
from warehouse.contract.raw import ACCESS_DECISIONS, CONNECTIONS, MESSAGES, REJECTED


class Record:
    """Writes the rows of one connection to the journal, in the order of the calls, and counts them."""

    def __init__(self, station_id: str, version: str, clock: Clock, journal: Journal, tally: Tally) -> None:
        self.station_id, self.version, self.clock = station_id, version, clock
        self.is_closed = False
        self._connection_id = 0
        self._end: tuple[int, str] | None = None
        self._journal, self._tally = journal, tally

    def open(self, remote_address: str | None, note: str | None = None) -> None:
        """The handshake is done. `note` says what was odd about it."""
        self._connection_id = self._journal.last_seq + 1
        self._connection("opened", remote_address, None, note)
        self._tally.connections += 1

    def end(self, code: int, reason: str) -> None:
        """Why the connection will be gone soon: what `close` records, whatever else comes up meanwhile."""
        self._end = self._end or (code, reason)

    def close(self, code: int, reason: str) -> None:
        """The connection is gone, or counts for nothing any more. Only the first reason is recorded."""
        if self.is_closed:
            return
        self.is_closed = True
        code, reason = self._end or (code, reason)
        self._connection("closed", None, code, reason or None)
        self._tally.connections -= 1

    def message(
        self,
        now: int,
        direction: str,
        message_type: int,
        message_id: str,
        action: str | None,
        payload: str,
        schema_error: str | None,
        *,
        soon: bool = True,
    ) -> None:
        """One frame; `now` in microseconds since 1970. `soon` as in `Journal.append`."""
        version = self.version
        self._journal.append(
            MESSAGES,
            (
                self._connection_id,
                self.station_id,
                now,
                direction,
                version,
                message_type,
                message_id,
                action,
                payload,
                schema_error,
            ),
            soon=soon,
        )
        self._tally.count(version, direction, message_type, action)

    def decided(self, now: int, message_id: str, action: str, asked: Asked, decision: Decision) -> None:
        """One decision on whether somebody may charge."""
        self._journal.append(
            ACCESS_DECISIONS,
            (
                self._connection_id,
                self.station_id,
                now,
                self.version,
                message_id,
                action,
                asked.purpose,
                asked.id_token,
                asked.token_type,
                decision.status,
                decision.reason,
                decision.rule_id,
            ),
        )
        self._tally.decided[decision.reason] += 1

    def rejected(self, now: int, text: str, rejection: Rejection) -> None:
        """One text that is not a frame."""
        self._journal.append(
            REJECTED,
            (self._connection_id, self.station_id, now, self.version, text, rejection.reason, rejection.detail),
        )
        self._tally.rejected[rejection.reason] += 1

    def _connection(self, event: str, remote_address: str | None, code: int | None, reason: str | None) -> None:
        clock = self.clock
        self._journal.append(
            CONNECTIONS,
            (
                self._connection_id,
                self.station_id,
                self.version,
                event,
                clock.now(),
                clock.kind,
                remote_address,
                code,
                reason,
            ),
        )
