"""A station that speaks OCPP 1.6J."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ingest.fleet.errors import AnswerUnusable
from ingest.fleet.script import Script, StationState, Stopped, quoted, result, status
from ingest.fleet.session import Curve, Session, stamp, wh_text

NO_TOKEN = "NOTOKEN"  # noqa: S105 - idTag is required; this one says that nobody identified
_REGISTER = '"measurand":"Energy.Active.Import.Register","unit":"Wh"'
_POWER = '"measurand":"Power.Active.Import","unit":"W"'
_SETTLE_US = 1_000_000  # a second from the unlocked plug to the free connector; no vehicle comes sooner


@dataclass(slots=True)
class Station16(StationState):
    """See `ingest.fleet.script.Station`. OCPP 1.6 knows no EVSE: `connector_id` is what it sends."""

    subprotocol: ClassVar[str] = "ocpp1.6"

    @property
    def frame_calls(self) -> int:
        return 3 + 2 * len(self.hardware.connectors)

    def session_calls(self, session: Session) -> int:
        curve = self.curve(session)
        readings = len(curve.charging_marks()) + len(curve.resting_marks())
        return readings + 6 + (session.id_token is not None) + bool(curve.energy) + 2 * (curve.full < curve.end)

    def opening(self, when: int) -> Script:
        hardware = self.hardware
        answer = yield (
            when,
            f'"BootNotification",{{"chargePointVendor":{quoted(hardware.vendor[:20])},"chargePointModel":'
            f'{quoted(hardware.model[:20])},"chargePointSerialNumber":{quoted(hardware.station_id[:25])},'
            f'"firmwareVersion":{quoted(hardware.firmware[:50])}}}',
        )
        self.booted(answer)
        yield when, _status(0, "Available", when)
        for _, connector in hardware.connectors:
            yield when, _status(connector, "Available", when)

    def closing(self, when: int) -> Script:
        for _, connector in self.hardware.connectors:
            yield when, _status(connector, "Unavailable", when)
        yield when, _status(0, "Unavailable", when)

    def heartbeat(self) -> str:
        return '"Heartbeat",{}'

    def charge(self, session: Session, register: int) -> Script:
        connector = session.connector_id
        curve = self.curve(session)
        begin = curve.begin
        token = quoted((session.id_token or NO_TOKEN)[:20])
        shown = yield from self.arrive(session, register)
        if shown is None:
            return
        register = shown
        yield begin, _status(connector, "Preparing", begin)
        if session.id_token is not None:
            answer = yield begin, f'"Authorize",{{"idTag":{token}}}'
            if not self._granted("Authorize", answer):
                self.tally.tokens_refused += 1
                if self.heed:
                    self.plug_out(session)
                    yield begin + _SETTLE_US, _status(connector, "Available", begin + _SETTLE_US)
                    return
        answer = yield (
            begin,
            f'"StartTransaction",{{"connectorId":{connector},"idTag":{token},"meterStart":{register // 1_000_000},'
            f'"timestamp":"{stamp(begin)}"}}',
        )
        transaction = self._transaction_id(answer)
        self.going[str(transaction)] = session
        label = quoted(f'{{"transactionId":{transaction},"sessionId":{quoted(session.external_session_id)}}}')
        reason = "EVDisconnected"
        try:
            yield begin, f'"DataTransfer",{{"vendorId":"kwhouse","messageId":"ExternalSession","data":{label}}}'
            yield from self._energy(connector, transaction, curve, register)
        except Stopped as stopped:
            curve, reason = curve.cut(stopped.when), "Remote"
        del self.going[str(transaction)]
        self.drawn(session, register + curve.energy)
        yield from self._leave(session, transaction, token, curve, register, reason)

    def _energy(self, connector: int, transaction: int, curve: Curve, register: int) -> Script:
        """Charging with its readings, then rest with its readings."""
        head = f'"MeterValues",{{"connectorId":{connector},"transactionId":{transaction},"meterValue":[{{"timestamp":"'

        def reading(when: int, power_w: int, context: str) -> str:
            return (
                f'{head}{stamp(when)}","sampledValue":[{{"value":"{wh_text(register + curve.delivered(when))}",'
                f'"context":"{context}",{_REGISTER}}},{{"value":"{power_w}","context":"{context}",{_POWER}}}]}}]}}'
            )

        if curve.energy:
            yield curve.begin, _status(connector, "Charging", curve.begin)
        for when in curve.charging_marks():
            yield when, reading(when, curve.power_w, "Sample.Clock")
        if curve.full < curve.end:
            yield curve.full, _status(connector, "SuspendedEV", curve.full)
            yield curve.full, reading(curve.full, 0, "Other")
        for when in curve.resting_marks():
            yield when, reading(when, 0, "Sample.Clock")

    def _leave(
        self, session: Session, transaction: int, token: str, curve: Curve, register: int, reason: str
    ) -> Script:
        """Stop with the exact registers: meterStart and meterStop are whole Wh, so they stand in transactionData."""
        end, final = curve.end, register + curve.energy
        yield (
            end,
            f'"StopTransaction",{{"transactionId":{transaction},"idTag":{token},"meterStop":{final // 1_000_000},'
            f'"timestamp":"{stamp(end)}","reason":"{reason}","transactionData":['
            f"{_boundary(curve.begin, register, 'Transaction.Begin')},{_boundary(end, final, 'Transaction.End')}]}}",
        )
        connector = session.connector_id
        if self.plug_out(session):
            yield end, _status(connector, "Finishing", end)
            yield end + _SETTLE_US, _status(connector, "Available", end + _SETTLE_US)

    def obey(self, action: str, payload: dict[str, Any], now: int) -> dict[str, Any] | None:
        """The answer to a call of the central system; None: this station does not do it."""
        if action == "RemoteStartTransaction":
            number = payload.get("connectorId")
            place = None if number is None else (number, number)
            return status(self.order(place, str(payload.get("idTag")), now) is not None)
        if action == "RemoteStopTransaction":
            return status(self.order_stop(str(payload.get("transactionId")), now))
        return None

    def _granted(self, action: str, answer: str) -> bool:
        info = result(self.hardware.station_id, action, answer).get("idTagInfo")
        return isinstance(info, dict) and info.get("status") == "Accepted"

    def _transaction_id(self, answer: str) -> int:
        transaction = result(self.hardware.station_id, "StartTransaction", answer).get("transactionId")
        if not isinstance(transaction, int):
            raise AnswerUnusable(self.hardware.station_id, "StartTransaction", answer)
        return transaction


def _status(connector: int, status: str, when: int) -> str:
    return (
        f'"StatusNotification",{{"connectorId":{connector},"errorCode":"NoError","status":"{status}",'
        f'"timestamp":"{stamp(when)}"}}'
    )


def _boundary(when: int, register: int, context: str) -> str:
    return (
        f'{{"timestamp":"{stamp(when)}","sampledValue":[{{"value":"{wh_text(register)}","context":"{context}",'
        f"{_REGISTER}}}]}}"
    )
