"""Lines of a file as frames heard: JSON lines, or a log whose lines end with a frame. Told apart line by line.

A line of JSON has the key `frame`: the frame itself, or its text as it was on the wire. JSON of a container's log
(`log` or `message` with `time` or `timestamp`) is read as the line of text it carries. In a log a frame may go on
over several lines, up to the next line that begins with a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from ingest.importing import log_shapes
from ingest.importing.instants import IN_TEXT
from ingest.importing.log_shapes import Mark

_MOST_CHARACTERS: Final = 2_000_000  # of a frame over several lines
_PREFIX: Final = 2_000  # characters at either end of what stands in front of a frame
_KEYS: Final = ("station_id", "received_at", "direction", "ocpp_version")
_TEXT_KEYS: Final = ("log", "message", "msg")
_TIME_KEYS: Final = ("time", "timestamp", "@timestamp", "ts")

# The head of a JSON line as most programs write it, before `frame`: read without parsing the frame twice.
_HEAD = re.compile(
    r'\s*\{\s*((?:"(?:station_id|received_at|direction|ocpp_version)"\s*:\s*"[^"\\]*"\s*,\s*)*)"frame"\s*:\s*'
)
# The order in which kwhouse's own documentation has the keys.
_USUAL_HEAD = re.compile(
    r'\{"station_id": ?"([^"\\]+)", ?"received_at": ?"([^"\\]+)", ?"direction": ?"([^"\\]+)",'
    r' ?"ocpp_version": ?"([^"\\]+)", ?"frame": ?'
)
_PAIR = re.compile(r'"(\w+)"\s*:\s*"([^"\\]*)"')
_OPENING = re.compile(r"\[\s*(?:[2-6]\s*(?:,\s*)?)?$")
"""A frame that begins at the end of a line."""
_OBJECT = re.compile(r'\{\s*"')
_FRAME_KEY = re.compile(r'"frame"\s*:\s*')
_DECODER = json.JSONDecoder()
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


class Heard(NamedTuple):
    """A frame and what the line says of it, as text; None where it says nothing."""

    number: int  # of the line it begins in
    text: str
    station_id: str | None = None
    time: str | None = None
    direction: str | None = None
    version: str | None = None
    mark: Mark | None = None
    guessed_station: str | None = None
    not_utf8: bool = False
    unchecked: bool = False
    """Read the quick way: if `text` is no frame, read the line again with `closely`."""


class Refused(NamedTuple):
    """A line that cannot be read as a frame heard, and why."""

    number: int
    text: str
    reason: str


class NoFrame(NamedTuple):
    """A line of a log without a frame."""

    number: int


Line = Heard | Refused | NoFrame


class LineReader:
    """Reads lines in order; an entry of a log that spans lines comes when it is complete."""

    def __init__(self) -> None:
        self._head = ""  # the last line that begins with a time and holds no frame
        self._open: _Open | None = None

    def read(self, number: int, raw: bytes | None, *, closely: bool = False) -> Iterable[Line]:
        """What the line says; `raw` None: it was too long to be kept."""
        if raw is None:
            return (*self.end(), Refused(number, "", "longer than 16 MiB"))
        try:
            line, replaced = raw.decode(), False
        except UnicodeDecodeError:
            line, replaced = raw.decode(errors="replace"), True
        if self._open is None and not replaced and not closely:
            if (usual := _USUAL_HEAD.match(line)) is not None:
                heard = _quick(number, line, usual.end(), *usual.groups())
            elif (head := _HEAD.match(line)) is not None:
                told = dict(_PAIR.findall(head[1]))
                heard = _quick(number, line, head.end(), *(told.get(key) for key in _KEYS))
            else:
                heard = None
            if heard is not None:
                return (heard,)
        return self._read(number, line.rstrip("\r"), replaced, closely)

    def end(self) -> Iterable[Line]:
        """What is still open at the end of the file, or when another entry begins: cut off."""
        if self._open is None:
            return ()
        entry, self._open = self._open, None
        text = "\n".join(entry.parts)
        _, end = _raw_decoded(text, 0)
        if not log_shapes.FRAME.match(text):
            return (NoFrame(entry.number),)
        return (_heard(entry.number, entry.prefix, text[: end or None], entry.replaced),)

    def _read(self, number: int, line: str, replaced: bool, closely: bool) -> Iterator[Line]:
        stripped = line.strip()
        if not stripped:
            return
        if self._open is not None:
            if not _begins_entry(line):
                if self._open.add(line):
                    yield from self.end()
                return
            yield from self.end()
        if _OBJECT.match(stripped):
            yield self._object(number, stripped, replaced)
        else:
            yield from self._log_line(number, log_shapes.bare(line), replaced, closely)

    def _object(self, number: int, line: str, replaced: bool) -> Line:
        try:
            found = _loads(line)
        except (ValueError, RecursionError) as error:
            return Refused(number, line, f"not JSON ({_short(error)})" if _FRAME_KEY.search(line) else "not JSON")
        if "frame" in found:
            return _from_object(number, line, found, replaced)
        text = next((found[key] for key in _TEXT_KEYS if isinstance(found.get(key), str)), None)
        if text is None:
            return Refused(number, line, "no key `frame`")
        time = next((str(found[key]) for key in _TIME_KEYS if key in found), "")
        # Other keys may name the station: they are read as text in front.
        around = " ".join(f"{key}={value}" for key, value in found.items() if isinstance(value, str) and value != text)
        entries = list(self._log_line(number, f"{time} {around} {log_shapes.bare(text)}", replaced, True))
        return next(iter([*entries, *self.end()]), NoFrame(number))

    def _log_line(self, number: int, line: str, replaced: bool, closely: bool) -> Iterator[Line]:
        if match := log_shapes.FRAME.search(line):
            prefix, text = line[: match.start()], line[match.start() :].rstrip()
            prefix = self._prefix(prefix)
            if text[-1] == "]" and not closely:
                yield _heard(number, prefix, text, replaced, unchecked=True)
            else:
                yield from self._begin(number, prefix, text, replaced)
        elif match := log_shapes.ESCAPED_FRAME.search(line):
            text, _ = _raw_decoded(line, match.start())
            if isinstance(text, str):
                yield _heard(number, line[: match.start()], text, replaced)
            else:  # cut off
                yield _heard(number, line[: match.start()], line[match.start() :], replaced)
        elif (opening := _OPENING.search(line)) and (prefix := self._prefix(line[: opening.start()])):
            self._open = _Open(number, prefix, replaced)
            self._open.add(opening[0])
        else:
            self._head = line if _begins_entry(line) else ""
            yield NoFrame(number)

    def _prefix(self, before: str) -> str:
        """What stands in front of a frame: on its line, or on the line before where it has one to itself."""
        return before if before.strip() else self._head

    def _begin(self, number: int, prefix: str, text: str, replaced: bool) -> Iterator[Line]:
        value, end = _raw_decoded(text, 0)
        if value is not None:
            yield _heard(number, prefix, text[:end], replaced)
            return
        self._open = _Open(number, prefix, replaced)
        if self._open.add(text):
            yield from self.end()


class _Open:
    """A frame that goes on over lines."""

    def __init__(self, number: int, prefix: str, replaced: bool) -> None:
        self.number, self.prefix, self.replaced = number, prefix, replaced
        self.parts: list[str] = []
        self._depth = self._size = 0

    def add(self, line: str) -> bool:
        """True when all brackets are closed, or there is more than a frame can be."""
        self.parts.append(line)
        self._size += len(line)
        rest = _STRINGS.sub("", line)
        self._depth += rest.count("[") + rest.count("{") - rest.count("]") - rest.count("}")
        return self._depth <= 0 or self._size > _MOST_CHARACTERS


def _quick(
    number: int,
    line: str,
    start: int,
    station_id: str | None,
    time: str | None,
    direction: str | None,
    version: str | None,
) -> Heard | None:
    """The common case: `frame`, which begins at `start`, is the last key. None: look closer."""
    whole = line.rstrip()
    text = whole[start:-1].rstrip()
    if whole[-1] != "}" or not text:
        return None
    if text[0] == '"':
        try:
            text = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
    elif text[0] != "[":
        return None
    return Heard(number, text, station_id, time, direction, version, None, None, False, True)


def _from_object(number: int, line: str, found: dict[str, Any], replaced: bool) -> Line:
    frame = found["frame"]
    if isinstance(frame, str):
        text = frame.encode("utf-8", "replace").decode()
    elif isinstance(frame, list):
        text = _as_sent(line, frame)
    else:
        return Refused(number, line, "`frame` is neither a JSON array nor a text")
    told = [found.get(key) for key in _KEYS]
    for name, value in zip(_KEYS, told, strict=True):
        if value is not None and not isinstance(value, str):
            return Refused(number, line, f"`{name}` is not a text")
    station_id = told[0].encode("utf-8", "replace").decode() if told[0] else None
    return Heard(number, text, station_id, told[1], told[2], told[3], not_utf8=replaced)


def _as_sent(line: str, frame: list[Any]) -> str:
    """The frame's own text within the line: numbers and blanks as they were sent."""
    for key in _FRAME_KEY.finditer(line):
        value, end = _raw_decoded(line, key.end())
        if isinstance(value, list) and len(value) == len(frame) and [*map(str, value[:2])] == [*map(str, frame[:2])]:
            return line[key.end() : end]
    return json.dumps(frame, ensure_ascii=True)


def _heard(number: int, prefix: str, text: str, replaced: bool = False, *, unchecked: bool = False) -> Heard:
    if len(prefix) > 2 * _PREFIX:
        prefix = prefix[:_PREFIX] + prefix[-_PREFIX:]
    time, end, around = None, 0, ""
    for found in IN_TEXT.finditer(prefix):
        # With an offset goes before without: the host's own stamp in front often has one.
        if time is None or (found["zone"] and not time["zone"]):
            time = found
        around += prefix[end : found.start()]
        end = found.end()
    station, mark, guessed = _told_around(around, prefix[end:])
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return Heard(number, text.rstrip(), station, time and time[0], None, None, mark, guessed, replaced, unchecked)


@lru_cache(maxsize=20_000)
def _told_around(before: str, after: str) -> tuple[str | None, Mark | None, str | None]:
    """Station, direction mark and guessed station of what stands before and after the time in front of a frame."""
    station = log_shapes.station_in(f"{before} {after}")
    mark = log_shapes.mark_in(after) or log_shapes.mark_in(before)
    return station, mark, None if station else log_shapes.station_at_mark(after)


def _raw_decoded(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that begins at `start` and where it ends; (None, start) where there is none."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start
    return value, end


def _loads(line: str) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = json.loads(line, parse_int=str, parse_float=str)  # lone surrogates, huge numbers
    return value if isinstance(value, dict) else {}


def _begins_entry(line: str) -> bool:
    """Whether a log writes a new entry here: a time with nothing of JSON in front of it."""
    time = IN_TEXT.search(line)
    return time is not None and '"' not in line[: time.start()]


def _short(error: Exception) -> str:
    return str(error).split(": line 1")[0][:80]
