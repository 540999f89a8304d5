"""From the text of a cell to the column's type, or the reason why not."""

from __future__ import annotations

import math
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

from warehouse import exact_json
from warehouse.contract import Column
from warehouse.exact_json import Json
from warehouse.meter_keys import KeyUnreadable, read_key

Value = str | int | float | bool | Decimal | date | datetime | None

_INTEGER_BITS = {"INTEGER": 32, "BIGINT": 64}

# Line ends and tabs are fine in notes; the rest neither prints nor passes through all databases.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

# What a text on one line never holds, as it stands in the set of a regular expression, of Python and of JSON Schema.
NEVER = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"

# The same name means the same quantity in every table, so shapes go by column name.
_SHAPES: dict[str, tuple[str, str]] = {
    "country_code": (r"[A-Z]{2}", "must be two capital letters as in ISO 3166-1, such as DE"),
    "currency": (r"[A-Z]{3}", "must be three capital letters as in ISO 4217, such as EUR"),
    "party_id": (r"[A-Z0-9]{3}", "must be three capital letters or digits (OCPI party id)"),
    "email": (rf"[^@\s{NEVER}]+@[^@\s{NEVER}]+", "must be an e-mail address"),
}
_RANGES: dict[str, tuple[float | Decimal, float]] = {
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "evse_id": (1, math.inf),
    "connector_id": (1, math.inf),
    "version": (1, math.inf),
    "rated_power_w": (1, math.inf),
    "grid_limit_w": (1, math.inf),
    "rate_percent": (0, 100),
    # From µWh to GWh for one unit: whatever a meter may call Wh.
    "energy_factor": (Decimal("0.000001"), 1_000_000_000),
}


def typed(column: Column, text: str) -> Value:
    """The value of `text` for `column`. Raises ValueError with the reason, to be read after the field's name."""
    kind = column.type.partition("(")[0]
    value = _PARSERS[kind](column, text)
    if column.values and value not in column.values:
        raise ValueError(f"{text!r} is not one of {', '.join(column.values)}")
    if (shape := _SHAPES.get(column.name)) and not re.fullmatch(shape[0], text):
        raise ValueError(f"{text!r} {shape[1]}")
    if bounds := _RANGES.get(column.name):
        _within(value, bounds)
    return value


def pattern_of(column: Column) -> str | None:
    """The shape of its texts as a whole regular expression, where its name has one."""
    shape = _SHAPES.get(column.name)
    return f"^{shape[0]}$" if shape else None


def checked_json(value: Json) -> Json:
    """The structure itself. Raises ValueError where a text in it cannot be kept."""
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, dict):
        for key in value:
            _printable(key)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        checked_json(item)
    return value


def _printable(text: str) -> str:
    if found := _UNPRINTABLE.search(text):
        raise ValueError(f"holds the character U+{ord(found[0]):04X}, which cannot be kept")
    return text


def _within(value: Value, bounds: tuple[float | Decimal, float]) -> None:
    lowest, highest = bounds
    if isinstance(value, int | float | Decimal) and not lowest <= value <= highest:
        wanted = f"at least {lowest}" if math.isinf(highest) else f"from {lowest} to {highest}"
        raise ValueError(f"{value} is out of range: it must be {wanted}")


def _text(column: Column, text: str) -> str:
    _printable(text)
    if column.name == "token_pattern":
        return _pattern(text)
    if column.name == "public_key":
        try:
            read_key(text)
        except KeyUnreadable as error:
            raise ValueError(f"is no public key of a meter: {error.reason}") from None
    if text != text.strip() and column.name != "note":
        raise ValueError(f"{text!r} begins or ends with a blank")
    if column.name == "time_zone" and text not in _zones():
        raise ValueError(f"{text!r} is not an IANA time zone, such as Europe/Berlin")
    return text


def _pattern(text: str) -> str:
    """A regular expression of RE2, which runs it, with one group."""
    import duckdb

    with duckdb.connect() as con:
        try:
            con.execute("SELECT regexp_matches('', $1)", [text])
        except duckdb.Error as error:
            reason = str(error).removeprefix("Invalid Input Error: ")
            raise ValueError(f"{text!r} is no regular expression (RE2): {reason}") from None
    # Brackets that are escaped, stand in a class or do not capture open no group.
    groups = len(re.findall(r"\((?!\?)|\(\?P<", re.sub(r"\\.|\[\^?\]?[^\]]*\]", "", text)))
    if groups != 1:
        raise ValueError(f"{text!r} has {groups} groups: put the token, without what the reader adds, into one (…)")
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _integer(column: Column, text: str) -> int:
    limit = 1 << (_INTEGER_BITS[column.type] - 1)
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise ValueError(f"{text!r} is not a whole number")
    value = int(text)
    if not -limit <= value < limit:
        raise ValueError(f"{text} does not fit {column.type}")
    return value


def _boolean(_column: Column, text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} must be true or false")
    return text == "true"


def _double(_column: Column, text: str) -> float:
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a number")
    return value


def _decimal(column: Column, text: str) -> Decimal:
    digits, scale = (int(part) for part in re.findall(r"\d+", column.type))
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"{text!r} is not a decimal number, such as 19.5")
    whole, _, fraction = text.lstrip("-").partition(".")
    if len(whole.lstrip("0")) > digits - scale or len(fraction.rstrip("0")) > scale:
        raise ValueError(f"{text} does not fit: at most {digits - scale} digits before and {scale} after the point")
    return Decimal(text).quantize(Decimal(1).scaleb(-scale))


def _day(_column: Column, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date, such as 2026-01-31") from None


def _instant(_column: Column, text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an instant, such as 2026-01-31T00:00:00+01:00") from None
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: end it with Z or an offset, such as 2026-01-31T00:00:00+01:00")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is out of range") from None


def _json(_column: Column, text: str) -> str:
    try:
        return exact_json.dumps(checked_json(exact_json.loads(text)))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None


_PARSERS: dict[str, Callable[[Column, str], Value]] = {
    "VARCHAR": _text,
    "INTEGER": _integer,
    "BIGINT": _integer,
    "BOOLEAN": _boolean,
    "DOUBLE": _double,
    "DECIMAL": _decimal,
    "DATE": _day,
    "TIMESTAMPTZ": _instant,
    "JSON": _json,
}
