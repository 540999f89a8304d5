"""A station that speaks OCPP 2.0.1."""

from __future__ import annotations

from dataclasses import dataclass, field
from string import hexdigits
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from ingest.fleet.script import Script, StationState, Stopped, quoted, result, status
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
    remote_starts: dict[str, int] = field(default_factory=dict)
    """remoteStartId of sessions that were ordered and have not begun, by external session id."""

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
        begin = curve.begin
        shown = yield from self.arrive(session, register)
        if shown is None:
            return
        register = shown
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
        own_id = transaction_id(session)
        info = f'"transactionInfo":{{"transactionId":"{own_id}"'
        state = "Charging" if curve.energy else "EVConnected"
        remote_start_id = self.remote_starts.pop(session.external_session_id, None)
        trigger = "Authorized" if remote_start_id is None else "RemoteStart"
        remote = "" if remote_start_id is None else f',"remoteStartId":{remote_start_id}'
        yield (
            begin,
            f'"TransactionEvent",{{"eventType":"Started","timestamp":"{stamp(begin)}","triggerReason":"{trigger}",'
            f'"seqNo":0,{info},"chargingState":"{state}"{remote}}},"evse":{{"id":{evse},"connectorId":{connector}}},'
            f'"idToken":{token},"meterValue":[{_reading(begin, register, "Transaction.Begin")}],'
            f'"customData":{{"vendorId":"kwhouse","sessionId":{quoted(session.external_session_id)}}}}}',
        )
        self.going[own_id] = session
        said = [0]
        trigger, reason = "EVDeparted", "EVDisconnected"
        try:
            yield from _energy(info, curve, register, said)
        except Stopped as stopped:
            curve, trigger, reason = curve.cut(stopped.when), "RemoteStop", "Remote"
        end = curve.end
        del self.going[own_id]
        self.drawn(session, register + curve.energy)
        yield (
            end,
            f'"TransactionEvent",{{"eventType":"Ended","timestamp":"{stamp(end)}","triggerReason":"{trigger}",'
            f'"seqNo":{said[0] + 1},{info},"stoppedReason":"{reason}"}},'
            f'"meterValue":[{_reading(end, register + curve.energy, "Transaction.End")}]}}',
        )
        if self.plug_out(session):
            yield end, _status(evse, connector, "Available", end)

    def obey(self, action: str, payload: dict[str, Any], now: int) -> dict[str, Any] | None:
        """The answer to a call of the central system; None: this station does not do it."""
        if action == "RequestStartTransaction":
            evse = payload.get("evseId")
            place = next((one for one in self.hardware.connectors if one[0] == evse), (0, 0)) if evse else None
            session = self.order(place, str(payload.get("idToken", {}).get("idToken")), now)
            if session is not None:
                self.remote_starts[session.external_session_id] = payload.get("remoteStartId", 0)
            return status(session is not None)
        if action == "RequestStopTransaction":
            return status(self.order_stop(str(payload.get("transactionId")), now))
        return None

    def _granted(self, answer: str) -> bool:
        info = result(self.hardware.station_id, "Authorize", answer).get("idTokenInfo")
        return isinstance(info, dict) and info.get("status") == "Accepted"


def _energy(info: str, curve: Curve, register: int, said: list[int]) -> Script:
    """Charging with its readings, then rest with its readings; `said` holds the sequence number said last."""

    def event(when: int, trigger: str, number: int, state: str, power_w: int, context: str) -> str:
        return (
            f'"TransactionEvent",{{"eventType":"Updated","timestamp":"{stamp(when)}","triggerReason":"{trigger}",'
            f'"seqNo":{number},{info},"chargingState":"{state}"}},"meterValue":[{{"timestamp":"{stamp(when)}",'
            f'"sampledValue":[{{"value":{wh_text(register + curve.delivered(when))},"context":"{context}",'
            f"{_REGISTER}}},"
            f'{{"value":{power_w},"context":"{context}",{_POWER}}}]}}]}}'
        )

    for when in curve.charging_marks():
        yield when, event(when, "MeterValueClock", said[0] + 1, "Charging", curve.power_w, "Sample.Clock")
        said[0] += 1
    if curve.full < curve.end:
        yield curve.full, event(curve.full, "ChargingStateChanged", said[0] + 1, "SuspendedEV", 0, "Other")
        said[0] += 1
    for when in curve.resting_marks():
        yield when, event(when, "MeterValueClock", said[0] + 1, "SuspendedEV", 0, "Sample.Clock")
        said[0] += 1


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
