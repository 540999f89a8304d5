"""A fault as a case: what the station says, and what must come out of it, side by side.

A `Speaker` says the same thing in OCPP 1.6 and 2.x, so that one case stands for both. Times are minutes after the
tests' zero hour; a text stands for itself (a clock that was never set).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.landed import Wire, at, iso

V16, V201, V21 = "1.6", "2.0.1", "2.1"
BOTH = (V16, V201)
R = 100_000  # a lifetime register at the begin of a session, in Wh
# The newest frame of the whole lake, in minutes: what "now" is to sessions that may still go on.
NEWEST = 5000
# What the session checks say; they tell and never change the grade. All other flags are faults.
CHECKS = {
    "negative_duration", "short_session", "long_session", "long_charging", "charging_exceeds_session", "no_energy",
    "low_energy", "high_energy", "mean_power_over_rating", "before_2017", "no_token",
}  # fmt: skip
POWER, INTERVAL = "Power.Active.Import", "Energy.Active.Import.Interval"
BEGIN, END = "Transaction.Begin", "Transaction.End"

Minute = float | str


def stamp(told: Minute) -> str:
    return told if isinstance(told, str) else iso(at(told))


def sample(value: object, measurand: str | None = None, **more: object) -> dict[str, object]:
    return {"value": value} | ({"measurand": measurand} if measurand else {}) | more


@dataclass
class Speaker:
    """One station. `said` are the numbers of its frames and connections, in order, answers left out."""

    wire: Wire
    station: str
    version: str
    said: list[int] = field(default_factory=list)
    _seq_nos: dict[str, int] = field(default_factory=dict)

    @property
    def is_16(self) -> bool:
        return self.version == V16

    def say(self, action: str, body: object, received: Minute, answer: object = None, **wire: Any) -> None:
        assert not isinstance(received, str), "say when it was received"
        row = self.wire.call(self.station, action, body, at(received), answer, version=self.version, **wire)
        self.said.append(row["seq"])

    def text(self, text: str, received: float) -> None:
        self.said.append(self.wire.text(self.station, text, at(received), version=self.version)["seq"])

    def connect(self, minute: float) -> int:
        self.said.append(self.wire.connect(self.station, at(minute), version=self.version))
        return self.said[-1]

    def disconnect(self, minute: float, connection: int | None = None) -> None:
        self.said.append(self.wire.disconnect(self.station, at(minute), version=self.version, connection=connection))

    def start(
        self, minute: Minute, register: float | None = None, transaction: object = None, *, received: Minute = "",
        token: str | None = "T1", connector: int = 1, samples: list[dict[str, object]] | None = None,
        seq_no: int | None = None, **wire: Any,
    ) -> object:  # fmt: skip
        received = minute if received == "" else received
        transaction = transaction if transaction is not None else self.wire.next_transaction()
        if self.is_16:
            body = {"connectorId": connector, "meterStart": round(register or 0), "timestamp": stamp(minute)}
            body |= {"idTag": token} if token else {}
            answer = {"transactionId": transaction, "idTagInfo": {"status": "Accepted"}}
            self.say("StartTransaction", body, received, answer, **wire)
        else:
            samples = samples or ([] if register is None else [sample(register, context=BEGIN)])
            more: dict[str, Any] = {"evse": {"id": connector, "connectorId": 1}}
            more |= {"idToken": {"idToken": token, "type": "ISO14443"}} if token else {}
            self._event("Started", transaction, minute, received, samples, seq_no, more, wire)
        return transaction

    def meter(self, minute: Minute, register: object, transaction: object = None, **more: Any) -> None:
        """A reading of the register; `more` as for `samples`."""
        of_sample = {name: more.pop(name) for name in ("unit", "context", "phase") if name in more}
        self.samples(minute, [sample(str(register) if self.is_16 else register, **of_sample)], transaction, **more)

    def samples(
        self, minute: Minute, samples: list[dict[str, object]], transaction: object = None, *, received: Minute = "",
        connector: int = 1, sets: object = None, seq_no: int | None = None, charging_state: str | None = None,
        **wire: Any,
    ) -> None:  # fmt: skip
        """Samples of one time, or `sets` as they are; without a transaction as MeterValues of the connector."""
        received = minute if received == "" else received
        if not self.is_16 and transaction is not None:
            self._event(
                "Updated",
                transaction,
                minute,
                received,
                sets or samples,
                seq_no,
                {},
                wire,
                charging_state=charging_state,
            )
            return
        body: dict[str, object] = {"connectorId" if self.is_16 else "evseId": connector}
        body |= {} if transaction is None else {"transactionId": transaction}
        body["meterValue"] = sets or [{"timestamp": stamp(minute), "sampledValue": samples}]
        self.say("MeterValues", body, received, **wire)

    def stop(
        self, minute: Minute, register: float | None, transaction: object, *, received: Minute = "",
        token: str | None = None, connector: int | None = None, data: tuple[tuple[float, float, str], ...] = (),
        reason: str = "Local", seq_no: int | None = None, samples: list[dict[str, object]] | None = None, **wire: Any,
    ) -> None:  # fmt: skip
        """`data`: (minute, register, context) of the transaction's own readings."""
        received = minute if received == "" else received
        if self.is_16:
            body: dict[str, object] = {"transactionId": transaction, "timestamp": stamp(minute), "reason": reason}
            body |= {"meterStop": -1 if register is None else round(register)}
            body |= {"idTag": token} if token else {}
            if data:
                body["transactionData"] = [self._set(*one) for one in data]
            self.say("StopTransaction", body, received, **wire)
            return
        sets = [self._set(*one) for one in data]
        if not sets:
            samples = samples or ([] if register is None else [sample(register, context=END)])
        more: dict[str, Any] = {"evse": {"id": connector, "connectorId": 1}} if connector else {}
        more |= {"idToken": {"idToken": token, "type": "ISO14443"}} if token else {}
        self._event("Ended", transaction, minute, received, sets or samples or [], seq_no, more, wire, reason)

    def _set(self, minute: float, register: float, context: str) -> dict[str, object]:
        value = str(register) if self.is_16 else register
        return {"timestamp": stamp(minute), "sampledValue": [sample(value, context=context)]}

    def _event(
        self, kind: str, transaction: object, minute: Minute, received: Minute, readings: Any,
        seq_no: int | None, more: dict[str, Any], wire: dict[str, Any], reason: str | None = None,
        charging_state: str | None = None,
    ) -> None:  # fmt: skip
        name = str(transaction)
        number = self._seq_nos.get(name, 0) if seq_no is None else seq_no
        self._seq_nos[name] = number + 1
        body: dict[str, Any] = {"eventType": kind, "timestamp": stamp(minute), "triggerReason": "Trigger"}
        body |= {"seqNo": number, "transactionInfo": {"transactionId": name}, **more}
        told = {"stoppedReason": reason, "chargingState": charging_state}
        body["transactionInfo"] |= {key: value for key, value in told.items() if value}
        if readings:
            is_set = not isinstance(readings, list) or "sampledValue" in readings[0]
            body["meterValue"] = readings if is_set else [{"timestamp": stamp(minute), "sampledValue": readings}]
        self.say("TransactionEvent", body, received, **wire)

    def status(self, minute: Minute, status: str, *, connector: int = 1, received: Minute = "") -> None:
        """`status` as 1.6 names it; 2.x knows Occupied instead of the states of a transaction."""
        received = minute if received == "" else received
        if self.is_16:
            body: dict[str, object] = {"connectorId": connector, "errorCode": "NoError", "status": status}
        else:
            told = status if status in ("Available", "Reserved", "Unavailable", "Faulted") else "Occupied"
            body = {"evseId": connector, "connectorId": 1, "connectorStatus": told}
        self.say("StatusNotification", body | {"timestamp": stamp(minute)}, received)

    def boot(self, minute: float, model: str = "Plain", **wire: Any) -> None:
        answer = {"status": "Accepted", "currentTime": stamp(minute), "interval": 300}
        if self.is_16:
            body: dict[str, object] = {
                "chargePointVendor": "Maker", "chargePointModel": model, "firmwareVersion": "1",
            }  # fmt: skip
        else:
            told = {"vendorName": "Maker", "model": model, "firmwareVersion": "1"}
            body = {"reason": "PowerUp", "chargingStation": told}
        self.say("BootNotification", body, minute, answer, **wire)

    def json(self, action: str, body: object, message_id: str, **options: Any) -> str:
        """A frame's text, for cases that break it."""
        return json.dumps([2, message_id, action, body], **options)


@dataclass(frozen=True)
class Fault:
    """A row of ops.faults: `frames` are in its evidence, by their place in what the station said (from 1)."""

    kind: str
    frames: tuple[int, ...] = ()
    session: int | None = 0  # which of the case's sessions; None: of none
    energy_wh: int | None = None


@dataclass(frozen=True)
class Case:
    """`say` and what follows: sessions by start, faults, rejected texts, states of connector 1."""

    number: int
    name: str
    say: Callable[[Speaker], object]
    sessions: list[dict[str, Any]]
    faults: list[Fault] = field(default_factory=list)
    versions: tuple[str, ...] = BOTH
    rejected: list[tuple[str, str]] = field(default_factory=list)  # reason, begin of the text
    states: list[tuple[str, float, float | None]] | None = None
    no_value: tuple[str, ...] = ()  # measurands whose samples contradict themselves
    site: str = "site"


def session(
    start: float, end: float | None, wh: float | str | None, *, source: str | None = "registers",
    state: str | None = None, grade: str = "ok", flags: tuple[str, ...] | None = (), checks: tuple[str, ...] = (),
    steps: list[tuple[float, float, float]] | None = None, **columns: Any,
) -> dict[str, Any]:  # fmt: skip
    """What one session must be: columns of core.sessions; `flags` are its faults, None: not judged here."""
    expected: dict[str, Any] = {
        "started_at": at(start), "ended_at": None if end is None else at(end),
        "state": state or ("active" if end is None else "completed"),
        "energy_wh": None if wh is None else Decimal(str(wh)), "energy_source": None if wh is None else source,
        "grade": grade,
    }  # fmt: skip
    if flags is not None:
        expected |= {"faults": sorted(flags), "checks": sorted(checks)}
    if steps is not None:
        expected["steps"] = [(at(begin), at(end), Decimal(str(energy))) for begin, end, energy in steps]
    return expected | columns


def suspect(start: float, end: float | None, wh: float | str | None, *flags: str, **more: Any) -> dict[str, Any]:
    return session(start, end, wh, grade="suspect", flags=flags, **more)


CASES: list[Case] = []


def case(
    number: int, flag: str, sessions: list[dict[str, Any]], faults: list[Fault] | None = None, **more: Any
) -> Callable[[Callable[[Speaker], object]], Callable[[Speaker], object]]:
    """The function below says it: one fault of the catalogue by number and flag, the function's name tells the side."""

    def add(say: Callable[[Speaker], object]) -> Callable[[Speaker], object]:
        name = f"{number:02d} {flag} {say.__name__}"
        CASES.append(Case(number, name, say, sessions, faults or [], **more))
        return say

    return add
