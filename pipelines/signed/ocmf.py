"""One record of the Open Charge Metering Format: `OCMF|payload|signature`.

Source: S.A.F.E. e.V., Open Charge Metering Format, revision 1.2; tables 1 to 8 hold the keys, 10 the states of a meter,
19 the states of its clock. The payload stays the text that was sent: the signature is over its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal

from warehouse import exact_json
from warehouse.exact_json import Json

GREATEST_LENGTH = 262_144  # characters of a record; a full one has about 1,500
BEGIN, EXCEPTION = "B", "X"
ENDS = frozenset("ELRAP")  # ended, locally, remotely, aborted, power failure
GOOD = "G"
STATES = {
    "N": "the meter is not present",
    "G": "the meter works correctly",
    "T": "the meter did not answer in time",
    "D": "the meter was disconnected",
    "R": "the meter is no longer found",
    "M": "manipulation detected",
    "X": "the meter was exchanged",
    "I": "the meter's version is incompatible",
    "O": "the value is out of range",
    "S": "a substitute value was formed",
    "E": "another error of the meter",
    "F": "the register was not read correctly",
}
CLOCKS = {"U": "unsynchronised", "I": "informative", "S": "synchronised", "R": "relative"}
WH = {"wh": Decimal(1), "kwh": Decimal(1000)}
# Registers after what the cable loses, by C.D of their OBIS code: revision 1.4 of OCMF, table 25, and what DZG's meters
# had before (98.8 and 9C.8, hexadecimal as in `01-00:98.08.00.FF`, 152.8 and 156.8 in decimals).
COMPENSATED = frozenset({"98.8", "9C.8", "152.8", "156.8", "B1.8", "B3.8", "C1.8", "C3.8"})
# What a column DECIMAL(18,6) holds, and no register of a connector reaches: 100 GWh.
GREATEST_WH, SMALLEST_WH = Decimal(10) ** 11, Decimal("0.000001")
_EXACT = Context(prec=60)  # a number of JSON may have 40 digits

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,6}))?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})(?: ?([A-Z]))?"
)
_OBIS = re.compile(r"(?:[0-9A-Za-z]+-[0-9A-Za-z]+:)?([0-9A-Za-z]+)\.([0-9A-Za-z]+)(?:\.([0-9A-Za-z]+))?([.*].*)?")
_PAGE = re.compile(r"([A-Z])([0-9]{1,18})")
_VERSION = re.compile(r"(0\.[1-9][0-9]?|1(\.[0-9]{1,2})?)")


class Unreadable(ValueError):
    """A text that is no record, or none that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One register at one time, as the record says it.

    `register_wh` is exact; None where there is no value, another unit than Wh and kWh, or a number that no register
    has. `obis` is C.D.E without leading zeros where the code has these parts, else the code as sent.
    """

    told_at: datetime | None
    clock: str | None  # one of CLOCKS' values
    marker: str | None  # TX: why it was read
    register_wh: Decimal | None
    unit: str | None
    obis: str | None
    is_compensated: bool
    current: str | None  # AC, DC
    errors: str  # EF: E energy, t time
    state: str | None  # ST: key of STATES

    @property
    def begins(self) -> bool:
        return self.marker == BEGIN

    @property
    def ends(self) -> bool:
        return self.marker is not None and self.marker in ENDS


@dataclass(frozen=True, slots=True)
class Record:
    """A record. `page_context` is T within transactions, F outside; `page` counts by one within a context."""

    payload: str
    signature: str
    algorithm: str | None
    encoding: str | None
    version: str | None
    gateway_serial: str | None
    meter_serial: str | None
    page_context: str | None
    page: int | None
    readings: tuple[Reading, ...]

    @property
    def knows_version(self) -> bool:
        """Whether the format's version is one whose fields are known. None is told: the version of the day."""
        return self.version is None or _VERSION.fullmatch(self.version) is not None

    @property
    def pagination(self) -> str:
        return "a record without a page" if self.page is None else f"record {self.page_context}{self.page}"


def read_record(text: str) -> Record:
    """Read a record. Raises `Unreadable`, whatever the text is."""
    if len(text) > GREATEST_LENGTH:
        raise Unreadable(f"it has more than {GREATEST_LENGTH} characters")
    header, bar, rest = text.strip().partition("|")
    payload, second, signature = rest.rpartition("|")
    if not bar or not second:
        raise Unreadable("it is no OCMF: it has no three sections divided by |")
    if header != "OCMF":
        raise Unreadable(f"it is no OCMF: its header is {header[:20]!r}")
    told = _object(payload, "payload")
    signed = _object(signature, "signature section")
    data = signed.get("SD")
    if not isinstance(data, str):
        raise Unreadable("its signature section has no signature data (SD)")
    readings = told.get("RD")
    if not isinstance(readings, list) or not readings:
        raise Unreadable("its payload has no readings (RD)")
    page = _PAGE.fullmatch(_text(told, "PG") or "")
    return Record(
        payload=payload,
        signature=data,
        algorithm=_text(signed, "SA"),
        encoding=_text(signed, "SE"),
        version=_text(told, "FV"),
        gateway_serial=_text(told, "GS"),
        meter_serial=_text(told, "MS"),
        page_context=page[1] if page else None,
        page=int(page[2]) if page else None,
        readings=tuple(_readings(readings)),
    )


def _object(text: str, name: str) -> dict[str, Json]:
    try:
        text.encode("utf-8")  # a lone surrogate has no bytes that could have been signed
        value = exact_json.loads(text)
    except RecursionError:
        raise Unreadable(f"its {name} is nested too deeply") from None
    except UnicodeEncodeError:
        raise Unreadable(f"its {name} is no Unicode text") from None
    except ValueError as error:
        raise Unreadable(f"its {name} is no JSON that can be read ({str(error)[:120]})") from None
    if not isinstance(value, dict):
        raise Unreadable(f"its {name} is no JSON object")
    return value


def _text(told: dict[str, Json], key: str) -> str | None:
    """A value as text; None where there is none. Versions and serial numbers come as JSON numbers too."""
    value = told.get(key)
    if isinstance(value, Decimal):
        return str(value)[:80]
    # NUL and lone surrogates cannot be stored, and nothing told has them for a reason.
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", value).strip()[:80] or None if isinstance(value, str) else None


def _readings(told: list[Json]) -> Iterator[Reading]:
    """The readings; what is told as before is left out (section "Readings"), but for the value itself."""
    before: dict[str, Json] = {}
    for one in told:
        if not isinstance(one, dict):
            raise Unreadable("one of its readings is no JSON object")
        before |= {key: one[key] for key in ("TM", "TX", "RI", "RU", "RT", "EF", "ST") if key in one}
        unit, code = _text(before, "RU"), _text(before, "RI")
        told_at, clock = _time(_text(before, "TM"))
        obis = _obis(code)
        yield Reading(
            told_at=told_at,
            clock=clock,
            marker=_text(before, "TX"),
            register_wh=_in_wh(one.get("RV"), unit),
            unit=unit,
            obis=obis,
            is_compensated=obis is not None and ".".join(obis.split(".")[:2]) in COMPENSATED,
            current=_text(before, "RT"),
            errors=_text(before, "EF") or "",
            state=_text(before, "ST"),
        )


def _time(told: str | None) -> tuple[datetime | None, str | None]:
    match = _TIME.fullmatch(told or "")
    if match is None:
        return None, None
    fraction, zone, clock = match.groups()[6:]
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "") or "0000"
    try:
        offset = timedelta(hours=sign * int(digits[:2]), minutes=sign * int(digits[2:]))
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        microsecond = int((fraction or "0").ljust(6, "0"))
        told_at = datetime(year, month, day, hour, minute, second, microsecond, timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, CLOCKS.get(clock)
    return told_at, CLOCKS.get(clock)


def _obis(code: str | None) -> str | None:
    match = _OBIS.fullmatch(code or "")
    if match is None:
        return code
    return ".".join(part.upper().lstrip("0") or "0" for part in match.groups()[:3] if part is not None)


def _in_wh(value: Json, unit: str | None) -> Decimal | None:
    factor = WH.get((unit or "").lower())
    if factor is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        try:
            value = exact_json.number(text) if _NUMBER.fullmatch(text) else None
        except (ValueError, ArithmeticError):
            return None
    if not isinstance(value, Decimal):
        return None
    register = _EXACT.multiply(value, factor)
    if not 0 <= register < GREATEST_WH:
        return None
    # Less than a microwatt-hour cannot be kept, and must not be rounded away either.
    exact = register.quantize(SMALLEST_WH)
    return abs(exact) if exact == register else None
