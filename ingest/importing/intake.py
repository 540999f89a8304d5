"""From frames heard to rows of `raw.messages` and `raw.rejected`, with the collector's own reading of frames.

What a line does not say is concluded from what OCPP says: which action who calls, which call an answer answers, which
action or key which version has. What even so cannot be known is refused; nothing is made up.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.importing.instants import NaiveTime, NoTime, instant, zone_of
from ingest.importing.lines import Heard
from ingest.importing.log_shapes import Mark
from ingest.importing.who_calls import NAMES, VERSIONS, caller, possible_versions
from ingest.ocpp.frames import CALL, CALL_RESULT_ERROR, SEND, Frame, Rejection, parse
from ingest.ocpp.schemas import schema_error

_CALLS_WAITING: Final = 32  # unanswered calls of one station that are remembered; OCPP allows one each way
_STEP_BACK: Final = 1_800_000_000  # microseconds; lines of a log are out of order by less
_WIDEST: Final = "2.1"  # has every message type
_OPPOSITE: Final = {"in": "out", "out": "in"}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the person says for lines that do not: the station, the version, the zone of times without offset."""

    station: str | None = None
    version: str | None = None
    zone: ZoneInfo | None = None


def told(station: str | None, version: str | None, time_zone: str | None) -> Told:
    """As typed. Raises `InputError` where the zone is none."""
    return Told(station, version, zone_of(time_zone) if time_zone else None)


class CannotTell(Exception):
    """Something about a frame is not known. `reason` names the mend."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Intake:
    """Reads the frames of one file in order. `likely_version`: what the file's first frames were found to be."""

    def __init__(self, told: Told, likely_version: str | None = None) -> None:
        self._told, self._likely = told, likely_version
        self._versions: dict[str, str] = {}
        self._calls: dict[str, OrderedDict[tuple[str, str], str]] = {}
        self._marks: dict[str, str] = {}
        self._newest = -(2**63)

    def message(self, heard: Heard) -> Row | Rejection:
        """The row after `collector_id`, or why the text is no frame. Raises `CannotTell`."""
        named = self._named_version(heard)
        frame = self.parsed(heard, named)
        if isinstance(frame, Rejection):
            return frame
        station, at = self._station(heard), self._time(heard)
        version = named or self._version(frame, station)
        message_type, message_id, _, action, payload_text, payload, defect = frame
        direction, answered = self._direction(heard, frame, station)
        if action is not None:
            defect = defect or schema_error(version, action, payload)
            self._remember(station, direction, message_id, action)
        else:
            action = answered
        return (
            heard.number, None, station, at, direction, version, message_type, message_id, action, payload_text, defect,
        )  # fmt: skip

    def rejected(self, heard: Heard, rejection: Rejection) -> Row:
        """The row of `raw.rejected` after `collector_id`. Raises `CannotTell`."""
        station, at = self._station(heard), self._time(heard)
        version = self._named_version(heard) or self._versions.get(station) or self._told.version or self._likely
        if version is None:
            raise CannotTell(_NO_VERSION)
        return (heard.number, None, station, at, version, heard.text, rejection.reason, rejection.detail)

    @staticmethod
    def parsed(heard: Heard, version: str | None = None) -> Frame | Rejection:
        """The text as a frame of `version`, or of any."""
        if heard.not_utf8:
            return Rejection("not_utf8", "bytes that are not UTF-8 were replaced")
        return parse(heard.text, version or _WIDEST)

    def _station(self, heard: Heard) -> str:
        station = heard.station_id or self._told.station or heard.guessed_station
        if not station:
            raise CannotTell("no station: name it with --station")
        return station

    def _time(self, heard: Heard) -> int:
        if heard.time is None:
            raise CannotTell("no time")
        try:
            at = instant(heard.time, self._told.zone)
            if (
                self._told.zone is not None and at < self._newest - _STEP_BACK
            ):  # most likely the hour that clocks in the zone repeat
                at = instant(heard.time, self._told.zone, fold=1)
            self._newest = max(self._newest, at)
            return at
        except NaiveTime:
            raise CannotTell("a time without UTC offset: name its zone with --time-zone, e.g. UTC") from None
        except NoTime:
            raise CannotTell("the time is not readable") from None

    @staticmethod
    def _named_version(heard: Heard) -> str | None:
        if heard.version is None:
            return None
        version = NAMES.get(heard.version)
        if version is None:
            raise CannotTell(f"ocpp_version is none of {', '.join(VERSIONS)}")
        return version

    def _version(self, frame: Frame, station: str) -> str:
        possible = possible_versions(frame)
        candidates = (self._versions.get(station), self._told.version, self._likely)
        version = next((candidate for candidate in candidates if candidate in possible), None)
        if version is None and len(possible) < len(VERSIONS):
            version = possible[0]
        if version is None:
            raise CannotTell(_NO_VERSION)
        if len(possible) < len(VERSIONS):
            self._versions[station] = version
        return version

    def _direction(self, heard: Heard, frame: Frame, station: str) -> tuple[str, str | None]:
        """`in` or `out`, and for an answer the action of its call."""
        if frame.message_type in (CALL, SEND):
            return self._direction_of_call(heard, frame), None
        calls = self._calls.get(station) or OrderedDict[tuple[str, str], str]()
        told = heard.direction and self._named_direction(heard.direction)
        asked = [way for way in ("in", "out") if (way, frame.message_id) in calls]
        if frame.message_type == CALL_RESULT_ERROR:  # answers an answer: it goes the way of the call
            direction = told or (asked[0] if len(asked) == 1 else self._by_mark(heard.mark))
            return direction, None
        direction = told or (_OPPOSITE[asked[0]] if len(asked) == 1 else self._by_mark(heard.mark))
        action = calls.pop((_OPPOSITE[direction], frame.message_id), None) if calls else None
        return direction, action

    def _direction_of_call(self, heard: Heard, frame: Frame) -> str:
        by_action = caller(frame.action) if frame.action else None
        if heard.mark is not None and by_action is not None and not heard.mark.sure:
            self._marks[heard.mark.text] = by_action  # whose log it is: a station's `send` is a central system's `recv`
        if heard.direction:
            return self._named_direction(heard.direction)
        return by_action or self._by_mark(heard.mark)

    @staticmethod
    def _named_direction(direction: str) -> str:
        if direction not in _OPPOSITE:
            raise CannotTell("direction is neither in nor out")
        return direction

    def _by_mark(self, mark: Mark | None) -> str:
        if mark is None:
            raise CannotTell("no direction: neither an arrow or word, nor the call that it answers")
        return mark.direction if mark.sure else self._marks.get(mark.text, mark.direction)

    def _remember(self, station: str, direction: str, message_id: str, action: str) -> None:
        calls = self._calls.setdefault(station, OrderedDict())
        calls[direction, message_id] = action
        if len(calls) > _CALLS_WAITING:
            calls.popitem(last=False)


_NO_VERSION: Final = "no OCPP version: name it with --version"


def likely_version(frames: list[Frame]) -> str | None:
    """The version that the first telling frame shows."""
    for frame in frames:
        possible = possible_versions(frame)
        if len(possible) < len(VERSIONS):
            return possible[0]
    return None
