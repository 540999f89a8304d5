"""A station that speaks OCPP 2.0.1."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from string import hexdigits
from typing import ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from ingest.fleet.script import Script, StationState, quoted, result
from ingest.fleet.session import Curve, Session, stamp, wh_text

_SESSIONS: UUID = uuid5(NAMESPACE_URL, "kwhouse:session")
_NOBODY = '{"idToken":"","type":"NoAuthorization"}'
_REGISTER = '"measurand":"Energy.Active.Import.Register","unitOfMeasure":{"unit":"Wh"}'
_POWER = '"measurand":"Power.Active.Import","unitOfMeasure":{"unit":"W"}'


def transaction_id(session: Session) -> str:
    """The OCPP transaction id: the same for the same session each time, 36 characters."""
    return str(uuid5(_SESSIONS, f"{session.site_id}/{session.station_id}/{session.external_session_id}"))


@dataclass(slots=True)
class Station201(StationState):
    """See `ingest.fleet.script.Station`."""

    subprotocol: ClassVar[str] = "ocpp2.0.1"

    @property
    def frame_calls(self) -> int:
        return 1 + 2 * len(self.hardware.connectors)

    def session_calls(self, session: Session) -> int:
        curve = self.curve(session)
        readings = len(curve.charging_marks()) + len(curve.resting_marks())
        return readings + 4 + (session.id_token is not None) + (curve.full < curve.end)

    def opening(self, when: int) -> Script:
        hardware = self.hardware
        answer = yield (
            when,
            f'"BootNotification",{{"reason":"PowerUp","chargingStation":{{"model":{quoted(hardware.model[:20])},'
            f'"vendorName":{quoted(hardware.vendor[:50])},"serialNumber":{quoted(hardware.station_id[:25])},'
            f'"firmwareVersion":{quoted(hardware.firmware[:50])}}}}}',
        )
        self.booted(answer)
        for evse, connector in hardware.connectors:
            yield when, _status(evse, connector, "Available", when)

    def closing(self, when: int) -> Script:
        for evse, connector in self.hardware.connectors:
            yield when, _status(evse, connector, "Unavailable", when)

    def heartbeat(self) -> str:
        return '"Heartbeat",{}'

    def charge(self, session: Session, register: int) -> Script:
        evse, connector = session.evse_id, session.connector_id
        curve = self.curve(session)
        begin, end = curve.begin, curve.end
        self.plug_in(session)
        yield begin, _status(evse, connector, "Occupied", begin)
        token = _NOBODY
        if session.id_token is not None:
            token = f'{{"idToken":{quoted(session.id_token[:36])},"type":"{_token_type(session.id_token)}"}}'
            answer = yield begin, f'"Authorize",{{"idToken":{token}}}'
            if not self._granted(answer):
                self.tally.tokens_refused += 1
                if self.heed:
                    self.plug_out(session)
                    yield begin, _status(evse, connector, "Available", begin)
                    return
        info = f'"transactionInfo":{{"transactionId":"{transaction_id(session)}"'
        state = "Charging" if curve.energy else "EVConnected"
        yield (
            begin,
            f'"TransactionEvent",{{"eventType":"Started","timestamp":"{stamp(begin)}","triggerReason":"Authorized",'
            f'"seqNo":0,{info},"chargingState":"{state}"}},"evse":{{"id":{evse},"connectorId":{connector}}},'
            f'"idToken":{token},"meterValue":[{_reading(begin, register, "Transaction.Begin")}],'
            f'"customData":{{"vendorId":"kwhouse","sessionId":{quoted(session.external_session_id)}}}}}',
        )
        number = yield from _energy(info, curve, register)
        yield (
            end,
            f'"TransactionEvent",{{"eventType":"Ended","timestamp":"{stamp(end)}","triggerReason":"EVDeparted",'
            f'"seqNo":{number},{info},"stoppedReason":"EVDisconnected"}},'
            f'"meterValue":[{_reading(end, register + curve.energy, "Transaction.End")}]}}',
        )
        if self.plug_out(session):
            yield end, _status(evse, connector, "Available", end)

    def _granted(self, answer: str) -> bool:
        info = result(self.hardware.station_id, "Authorize", answer).get("idTokenInfo")
        return isinstance(info, dict) and info.get("status") == "Accepted"


def _energy(info: str, curve: Curve, register: int) -> Generator[tuple[int, str], str, int]:
    """Charging with its readings, then rest with its readings; returns the next sequence number."""

    def event(when: int, trigger: str, number: int, state: str, power_w: int, context: str) -> str:
        return (
            f'"TransactionEvent",{{"eventType":"Updated","timestamp":"{stamp(when)}","triggerReason":"{trigger}",'
            f'"seqNo":{number},{info},"chargingState":"{state}"}},"meterValue":[{{"timestamp":"{stamp(when)}",'
            f'"sampledValue":[{{"value":{wh_text(register + curve.delivered(when))},"context":"{context}",'
            f"{_REGISTER}}},"
            f'{{"value":{power_w},"context":"{context}",{_POWER}}}]}}]}}'
        )

    number = 1
    for when in curve.charging_marks():
        yield when, event(when, "MeterValueClock", number, "Charging", curve.power_w, "Sample.Clock")
        number += 1
    if curve.full < curve.end:
        yield curve.full, event(curve.full, "ChargingStateChanged", number, "SuspendedEV", 0, "Other")
        number += 1
    for when in curve.resting_marks():
        yield when, event(when, "MeterValueClock", number, "SuspendedEV", 0, "Sample.Clock")
        number += 1
    return number


def _token_type(id_token: str) -> str:
    """RFID cards are told by their UID in hexadecimal digits; everything else comes from the central system."""
    return "ISO14443" if set(id_token) <= set(hexdigits) else "Central"


def _status(evse: int, connector: int, status: str, when: int) -> str:
    return (
        f'"StatusNotification",{{"timestamp":"{stamp(when)}","connectorStatus":"{status}","evseId":{evse},'
        f'"connectorId":{connector}}}'
    )


def _reading(when: int, register: int, context: str) -> str:
    return (
        f'{{"timestamp":"{stamp(when)}","sampledValue":[{{"value":{wh_text(register)},"context":"{context}",'
        f"{_REGISTER}}}]}}"
    )
