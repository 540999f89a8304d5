"""One connection's dialogue: each text from the station becomes journal rows and, once these are on disk, an answer.

Without a socket: what is to be sent goes to a function that the caller hands in.
"""

from __future__ import annotations

import logging

from ingest.access.active import Transaction
from ingest.access.gate import Access
from ingest.access.rules import Ask, Decision
from ingest.clock import Clock, iso
from ingest.journal import Deliver, Journal
from ingest.metrics import Tally
from ingest.ocpp.answers import Answer, answer, answer_rejection
from ingest.ocpp.desk import Asked, Start, Verdict
from ingest.ocpp.frames import CALL, CALL_ERROR, CALL_RESULT, Frame, Rejection, read, reject
from ingest.ocpp.schemas import answer_error, schema_error
from ingest.record import Record
from ingest.remote.line import Line

log = logging.getLogger(__name__)


class Dialogue:
    """What one station says on one connection, and what it is told. It is the answers' `Desk`."""

    def __init__(
        self,
        station_id: str,
        version: str,
        clock: Clock,
        journal: Journal,
        access: Access,
        tally: Tally,
        heartbeat_seconds: int,
        send: Deliver,
    ) -> None:
        self.station_id = station_id
        self.version = version
        self.heartbeat_seconds = heartbeat_seconds
        self.unanswered = 0
        self.record = Record(station_id, version, clock, journal, tally)
        self.line = Line(self.record, self._post)  # calls to the station
        self._clock, self._journal, self._access, self._send = clock, journal, access, send
        self._decided: list[tuple[Asked, Decision]] = []  # by the answer that is being made

    # The answers' desk.

    def time(self) -> str:
        return iso(self._clock.now())

    def verdict(self, asked: Asked) -> Verdict:
        ask = Ask(
            asked.id_token, self.station_id, self._clock.now(), asked.purpose, asked.token_type, asked.certificates
        )
        transaction = None
        if asked.transaction_id is not None:
            transaction = Transaction(self.station_id, asked.transaction_id)
        decision = self._access.decide(ask, transaction, asked.place or asked.transaction_id)
        self._decided.append((asked, decision))
        until = decision.valid_until
        return Verdict(decision.status, None if until is None else iso(until), decision.parent)

    def ended(self, transaction_id: str) -> None:
        self._access.ended(Transaction(self.station_id, transaction_id))

    def free(self, place: str) -> None:
        self._access.free(self.station_id, place)

    def transaction_id(self, start: Start) -> int:
        return self._journal.transaction_id(self.station_id, start)

    # What happens on the connection.

    def receive(self, data: bytes) -> None:
        """One message from the station, as it came."""
        text, frame = read(data, self.version)
        if isinstance(frame, Rejection):
            self._reject(text, frame)
            return
        try:
            self._take(frame)
        except Exception as failure:
            # No rule here may cost a station its connection, or the warehouse a frame.
            log.exception("A frame of station %s could not be handled", self.station_id)
            self._reject(text, reject(text, "internal_error", repr(failure)))

    def too_long(self, detail: str) -> None:
        """A message was longer than allowed; the socket layer has thrown it away."""
        self._reject("", Rejection("too_long", detail))

    def delivered(self) -> None:
        """An answer or a call has left."""
        self.unanswered -= 1

    def _take(self, frame: Frame) -> None:
        """Record a frame and its answer. Everything that could fail comes before the first row."""
        message_type, message_id, id_literal, action, payload_text, payload, defect = frame
        self._clock.observe(payload)
        now = self._clock.now()
        reply = None
        self._decided.clear()
        if action is not None:
            defect = defect or schema_error(self.version, action, payload)
            if message_type == CALL:
                reply = answer(self.version, action, payload, self)
        elif (action := self.line.action_of(message_id)) is not None and message_type == CALL_RESULT:
            defect = defect or answer_error(self.version, action, payload)
        self.record.message(now, "in", message_type, message_id, action, payload_text, defect)
        for asked, decision in self._decided:
            self.record.decided(now, message_id, str(action), asked, decision)
        if reply is not None:
            self._reply(now, id_literal, message_id, action, reply)
        if message_type in (CALL_RESULT, CALL_ERROR):
            self.line.answered(message_id, message_type, payload_text, payload)

    def _reject(self, text: str, rejection: Rejection) -> None:
        now = self._clock.now()
        self.record.rejected(now, text, rejection)
        reply = answer_rejection(self.version, rejection)
        if reply is not None:
            id_literal, error = reply
            message_id = rejection.message_id if rejection.message_id is not None else "-1"
            self._reply(now, id_literal, message_id, rejection.action, error)

    def _reply(self, now: int, id_literal: str, message_id: str, action: str | None, reply: Answer) -> None:
        message_type, payload = reply
        self.record.message(now, "out", message_type, message_id, action, payload, None)
        body = payload if message_type == CALL_RESULT else payload[1:-1]
        self._post(f"[{message_type},{id_literal},{body}]".encode())

    def _post(self, data: bytes) -> None:
        """Send a text once everything so far is on disk."""
        self.unanswered += 1
        self._journal.deliver(self._send, data)
