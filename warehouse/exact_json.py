"""JSON whose numbers stay exact decimals: prices must not pass through binary floats."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | Decimal | bool | None"

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
GREATEST_DIGITS = 40  # beyond that no price, power or duration is meant, and plain digits would fill the memory


def number(text: str) -> Decimal:
    """A JSON number, exactly. Raises ValueError where it needs more than `GREATEST_DIGITS` digits."""
    if len(text) > GREATEST_DIGITS:
        raise ValueError(f"a number may have {GREATEST_DIGITS} digits at most")
    value = Decimal(text)
    if value and abs(value.adjusted()) > GREATEST_DIGITS:
        raise ValueError(f"the number {text} is out of range")
    return value


def loads(text: str) -> Json:
    """Parse JSON text. Raises ValueError for what is not JSON, repeated keys, NaN and Infinity included."""
    parsed: Json = json.loads(
        text, parse_float=number, parse_int=number, parse_constant=_no_constant, object_pairs_hook=no_repeats
    )
    return parsed


def dumps(value: Json) -> str:
    """Compact JSON text, keys in the order given, numbers as plain digits."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key, ensure_ascii=False)}:{dumps(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dumps(item) for item in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def no_repeats(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """The object of `pairs`, for `object_pairs_hook`. Raises ValueError where a key stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found
