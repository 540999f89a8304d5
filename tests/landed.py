"""Frames for tests, landed as a collector lands them: Parquet files with exactly the contract's columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import polars as pl

from ingest.ocpp.frames import Rejection, parse
from warehouse.contract import raw
from warehouse.contract.schemas import polars_schema
from warehouse.settings import Settings

T0 = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """An instant, minutes after the tests' zero hour."""
    return T0 + timedelta(minutes=minutes)


def iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


@dataclass
class Wire:
    """What one collector has heard, in order. `call` adds a station's call and the answer to it."""

    collector_id: str = "test"
    messages: list[dict[str, Any]] = field(default_factory=list)
    connections: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    _seq: Iterator[int] = field(default_factory=lambda: count(1))
    _transactions: Iterator[int] = field(default_factory=lambda: count(1))
    _open: dict[str, int] = field(default_factory=dict)

    def next_transaction(self) -> int:
        return next(self._transactions)

    def connect(self, station: str, when: datetime, *, version: str = "1.6", clock: str = "live") -> int:
        seq = next(self._seq)
        self._open[station] = seq
        self.connections.append(self._connection(seq, seq, station, version, "opened", when, clock))
        return seq

    def disconnect(
        self,
        station: str,
        when: datetime,
        *,
        version: str = "1.6",
        clock: str = "live",
        connection: int | None = None,
    ) -> int:
        """End the station's newest connection, or an older one."""
        opened = self._open.pop(station) if connection is None else connection
        seq = next(self._seq)
        self.connections.append(self._connection(seq, opened, station, version, "closed", when, clock))
        return seq

    def _connection(self, seq: int, opened: int, station: str, version: str, event: str, when: datetime, clock: str):
        return {
            "collector_id": self.collector_id, "seq": seq, "connection_id": opened, "station_id": station,
            "ocpp_version": version, "event": event, "happened_at": when, "clock": clock, "remote_address": None,
            "close_code": None, "reason": None,
        }  # fmt: skip

    def frame(
        self,
        station: str,
        action: str | None,
        payload: object,
        when: datetime,
        *,
        kind: int = 2,
        message_id: str | None = None,
        version: str = "1.6",
        schema_error: str | None = None,
    ) -> dict[str, Any]:
        seq = next(self._seq)
        row = {
            "collector_id": self.collector_id, "seq": seq, "connection_id": self._open.get(station),
            "station_id": station, "received_at": when, "direction": "in" if kind == 2 else "out",
            "ocpp_version": version, "message_type": kind, "message_id": message_id or str(seq), "action": action,
            "payload": payload if isinstance(payload, str) else json.dumps(payload), "schema_error": schema_error,
        }  # fmt: skip
        self.messages.append(row)
        return row

    def call(self, station: str, action: str, payload: object, when: datetime, answer: object = None, **more: Any):
        asked = self.frame(station, action, payload, when, **more)
        for own in ("message_id", "schema_error"):
            more.pop(own, None)
        self.frame(station, action, answer or {}, when, kind=3, message_id=asked["message_id"], **more)
        return asked

    def text(
        self, station: str, text: str, when: datetime, *, version: str = "1.6", action: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """A text as it was on the wire: a frame, or what is none and is rejected. `action` names that of an answer."""
        found = parse(text, version)
        if isinstance(found, Rejection):
            row = {
                "collector_id": self.collector_id, "seq": next(self._seq), "connection_id": self._open.get(station),
                "station_id": station, "received_at": when, "ocpp_version": version, "text": text,
                "reason": found.reason, "detail": found.detail,
            }  # fmt: skip
            self.rejected.append(row)
            return row
        return self.frame(
            station, found.action or action, found.payload_text, when,
            kind=found.message_type, message_id=found.message_id, version=version, **more,
        )  # fmt: skip

    # --- whole OCPP 1.6 exchanges ------------------------------------------------------------------------------------

    def start(
        self, station: str, when: datetime, register: float = 0, *, token: str = "T1", connector: int = 1, **more: Any
    ) -> int:
        transaction = more.pop("transaction", None) or next(self._transactions)
        body = {"connectorId": connector, "idTag": token, "meterStart": round(register), "timestamp": iso(when)}
        answer = {"transactionId": transaction, "idTagInfo": {"status": "Accepted"}}
        self.call(station, "StartTransaction", body, when, answer, **more)
        return transaction

    def meter(self, station: str, transaction: int, when: datetime, register: float | str, **more: Any) -> None:
        context = more.pop("context", "Sample.Periodic")
        body = {
            "connectorId": more.pop("connector", 1),
            "transactionId": transaction,
            "meterValue": [reading(when, register, context)],
        }
        self.call(station, "MeterValues", body, more.pop("received", when), **more)

    def stop(
        self, station: str, transaction: int, when: datetime, register: float, data: Iterable[object] = (), **more: Any
    ) -> None:
        body: dict[str, Any] = {"transactionId": transaction, "meterStop": round(register), "timestamp": iso(when)}
        body |= {"reason": more.pop("reason", "EVDisconnected")}
        if data := list(data):
            body["transactionData"] = data
        self.call(station, "StopTransaction", body, more.pop("received", when), **more)

    # --- OCPP 2.0.1 --------------------------------------------------------------------------------------------------

    def event(self, station: str, kind: str, transaction: str, when: datetime, *readings: object, **more: Any) -> None:
        info = {"transactionId": transaction, **more.pop("info", {})}
        body: dict[str, Any] = {"eventType": kind, "timestamp": iso(when), "triggerReason": "Trigger", "seqNo": 0}
        body |= {"transactionInfo": info, **more}
        if readings:
            body["meterValue"] = list(readings)
        self.call(station, "TransactionEvent", body, when, version="2.0.1")


def reading(when: datetime, register: object, context: str = "Sample.Periodic", **more: object) -> dict[str, object]:
    """One meterValue with one sample."""
    return {"timestamp": iso(when), "sampledValue": [{"value": register, "context": context, **more}]}


def land(settings: Settings, wire: Wire, *, messages: list[dict[str, Any]] | None = None) -> None:
    """Write what the wire heard (or only `messages`) into the landing folder."""
    settings.landing.mkdir(parents=True, exist_ok=True)
    for table, rows in ((raw.MESSAGES, wire.messages if messages is None else messages),
                        (raw.CONNECTIONS, wire.connections if messages is None else []),
                        (raw.REJECTED, wire.rejected if messages is None else [])):  # fmt: skip
        if rows:
            numbers = [row["seq"] for row in rows]
            # The running number of the file keeps names apart where a test lands the same range twice.
            serial = len(list(settings.landing.iterdir()))
            name = f"{table.name}-{wire.collector_id}-{min(numbers):012d}-{max(numbers):012d}-{serial}.parquet"
            pl.DataFrame(rows, schema=polars_schema(table)).write_parquet(settings.landing / name)
