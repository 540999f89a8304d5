"""The signed values of one transaction, checked with the keys that there are, and joined by session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipelines.signed.check import Checked, Verdict, check_record
from pipelines.signed.frames import SignedValue, signed_values
from pipelines.signed.ocmf import Unreadable, read_record
from pipelines.signed.transaction import SignedTransaction, join
from warehouse.meter_keys import KeyUnreadable, read_key

# The clocks of meter, station and central system differ by less where one id stands for several sessions.
MARGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that may hold signed values, and where it belongs."""

    collector_id: str
    seq: int
    station_id: str
    evse_id: int | None
    connector_id: int | None
    transaction_id: str | None
    received_at: datetime
    payload: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session of the transaction."""

    session_id: str
    evse_id: int | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A row of `registry.meter_keys` of the station."""

    evse_id: int
    public_key: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One signed value with its verdict."""

    frame: Frame
    value_no: int
    value: SignedValue
    checked: Checked
    key_source: str | None

    @property
    def measured_at(self) -> datetime | None:
        record = self.checked.record
        return max((one.told_at for one in record.readings if one.told_at), default=None) if record else None


def judge(
    frames: Sequence[Frame], sessions: Sequence[Session], keys: Sequence[RegisteredKey]
) -> tuple[list[Judged], dict[str, SignedTransaction]]:
    """Check the signed values of the frames of one transaction; `sessions` that it has; `keys` of its station.

    Returns the values with their verdicts, and by session id what they say together. The order of the frames does not
    matter.
    """
    values = [(frame, no, value) for frame in frames for no, value in enumerate(signed_values(frame.payload))]
    told_keys = _distinct(value.public_key for _, _, value in values)
    evse_id = _evse(frames, sessions, keys)
    judged = []
    for frame, no, value in values:
        if not value.is_ocmf:
            reason = f"a signed value in a format that is not read here ({(value.encoding or 'not told')[:40]!r})"
            judged.append(Judged(frame, no, value, Checked(Verdict.UNVERIFIABLE, reason), None))
            continue
        try:
            record = read_record(value.text)
        except Unreadable as error:
            judged.append(Judged(frame, no, value, Checked(Verdict.UNREADABLE, str(error)), None))
            continue
        at = max((one.told_at for one in record.readings if one.told_at), default=frame.received_at)
        source, key = _key(value, told_keys, keys, frame.evse_id or evse_id, at)
        checked = check_record(record, key)
        if source == "registry" and checked.verdict is Verdict.INVALID and len(_distinct([key, value.public_key])) > 1:
            reason = f"{checked.reason}; the message carries another public key than the registry"
            checked = replace(checked, reason=reason)
        judged.append(Judged(frame, no, value, checked, source))
    return judged, _by_session(judged, sessions)


def _key(
    value: SignedValue, told_keys: Sequence[str], keys: Iterable[RegisteredKey], evse_id: int | None, at: datetime
) -> tuple[str | None, str | None]:
    """What to check with, and where it is from.

    The registry's key goes first: one that travels with what it proves proves only that nothing was changed on the way.
    Stations may send their key once a transaction (OCPP 2.x, PublicKeyWithSignedMeterValue).
    """
    for key in keys:
        if key.evse_id == evse_id and key.valid_from <= at and (key.valid_to is None or at < key.valid_to):
            return "registry", key.public_key
    if value.public_key is not None:
        return "message", value.public_key
    if len(told_keys) == 1:
        return "transaction", told_keys[0]
    return None, None


def _distinct(texts: Iterable[str | None]) -> list[str]:
    """Different keys, one writing of each."""
    found: dict[object, str] = {}
    for text in sorted({text for text in texts if text is not None}):
        try:
            key = read_key(text)
        except KeyUnreadable:
            continue
        found.setdefault((key.point, key.curve), text)
    return list(found.values())


def _evse(frames: Sequence[Frame], sessions: Sequence[Session], keys: Sequence[RegisteredKey]) -> int | None:
    """The EVSE of frames that do not tell it: that of the others, of the session, or the only one with a key."""
    for told in (
        {frame.evse_id for frame in frames} - {None, 0},
        {session.evse_id for session in sessions} - {None},
        {key.evse_id for key in keys},
    ):
        if len(told) == 1:
            return told.pop()
        if told:
            return None
    return None


def _by_session(judged: Sequence[Judged], sessions: Sequence[Session]) -> dict[str, SignedTransaction]:
    ordered = sorted(sessions, key=lambda session: (session.started_at, session.session_id))
    if not ordered:
        return {}
    records: dict[str, list[Checked]] = {}
    for one in judged:
        at = one.measured_at or one.frame.received_at
        # An id that is used again stands for the newest session that has begun.
        begun = [session for session in ordered if session.started_at <= at + MARGIN]
        records.setdefault((begun or ordered[:1])[-1].session_id, []).append(one.checked)
    return {session_id: join(checked) for session_id, checked in records.items()}


def by_station(rows: Iterable[tuple[str, RegisteredKey]]) -> Mapping[str, list[RegisteredKey]]:
    """The registry's keys by station."""
    found: dict[str, list[RegisteredKey]] = {}
    for station_id, key in rows:
        found.setdefault(station_id, []).append(key)
    return found
