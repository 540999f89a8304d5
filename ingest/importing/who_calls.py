"""Who sends what, and in which version: for lines that do not say it themselves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from ingest.ocpp.frames import CALL_RESULT_ERROR, SEND, Frame
from ingest.ocpp.schemas import is_action

VERSIONS: Final = ("1.6", "2.0.1", "2.1")
NAMES: Final[Mapping[str, str]] = {
    **{version: version for version in VERSIONS},
    **{f"ocpp{version}": version for version in VERSIONS},
    "1.6J": "1.6", "1.6j": "1.6", "2.0": "2.0.1",
}  # fmt: skip
"""How people write a version; 2.0 was never used in the field."""

# OCPP 1.6 section 4; OCPP 2.0.1 and 2.1 part 2: what a charging station calls. DataTransfer goes both ways.
STATION_CALLS: Final = frozenset(
    (
        "Authorize", "BatterySwap", "BootNotification", "ClearedChargingLimit", "DiagnosticsStatusNotification",
        "FirmwareStatusNotification", "Get15118EVCertificate", "GetCertificateChainStatus", "GetCertificateStatus",
        "Heartbeat", "LogStatusNotification", "MeterValues", "NotifyChargingLimit", "NotifyCustomerInformation",
        "NotifyDERAlarm", "NotifyDERStartStop", "NotifyDisplayMessages", "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule", "NotifyEvent", "NotifyMonitoringReport", "NotifyPriorityCharging", "NotifyReport",
        "NotifySettlement", "OpenPeriodicEventStream", "ClosePeriodicEventStream", "NotifyPeriodicEventStream",
        "PublishFirmwareStatusNotification", "PullDynamicScheduleUpdate", "ReportChargingProfiles", "ReportDERControl",
        "ReservationStatusUpdate", "SecurityEventNotification", "SignCertificate", "SignedFirmwareStatusNotification",
        "StartTransaction", "StatusNotification", "StopTransaction", "TransactionEvent", "VatNumberValidation",
    )
)  # fmt: skip
_BOTH_WAYS: Final = frozenset(("DataTransfer",))

# Keys of a payload that only one generation has, for actions that both have.
_KEYS_1_6: Final = frozenset(("connectorId", "idTag", "chargePointModel", "chargePointVendor",
                              "csChargingProfiles", "listVersion", "retrieveDate"))  # fmt: skip
_KEYS_2: Final = frozenset(("evseId", "evse", "idToken", "chargingStation", "reason", "connectorStatus",
                            "firmware", "chargingProfile", "operationalStatus", "versionNumber"))  # fmt: skip


@cache
def caller(action: str) -> str | None:
    """`in` where only stations call `action`, `out` where only central systems do, None where it does not tell."""
    if action in STATION_CALLS:
        return "in"
    if action in _BOTH_WAYS or not any(is_action(version, action) for version in VERSIONS):
        return None
    return "out"


@cache
def _versions_with(action: str) -> tuple[str, ...]:
    return tuple(version for version in VERSIONS if is_action(version, action))


def possible_versions(frame: Frame) -> tuple[str, ...]:
    """The versions that a frame by itself can be of; all of them where it does not tell."""
    if frame.message_type in (SEND, CALL_RESULT_ERROR):
        return ("2.1",)
    if frame.action is None:
        return VERSIONS
    versions = _versions_with(frame.action) or VERSIONS
    if "1.6" in versions and len(versions) > 1:
        return _by_keys(frame.payload, versions)
    return versions


def _by_keys(payload: Any, versions: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(payload, dict):
        return versions
    old, new = not _KEYS_1_6.isdisjoint(payload), not _KEYS_2.isdisjoint(payload)
    # A 2.x StatusNotification has evseId and connectorId.
    if new:
        return tuple(version for version in versions if version != "1.6")
    return ("1.6",) if old else versions
