"""Values of query results in text formats: exact, and the same in every command.

Decimals are text in JSON: a JSON number would be read as a binary float by nearly everybody. Instants end in Z.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


def instant(value: datetime) -> str:
    """ISO 8601: with Z where the zone is known (query results are in UTC), without where it is local time."""
    return value.isoformat().replace("+00:00", "Z")


def for_json(value: object) -> Any:
    """`value` for json.dumps."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value).replace("nan", "NaN")  # JSON has no such numbers
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): for_json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [for_json(item) for item in value]
    return for_text(value)


def for_text(value: object) -> str:
    """`value` for CSV and tables. NULL is empty, a list its items with `;` between."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ";".join(for_text(item) for item in value)
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, str | int | float | UUID | timedelta):
        return str(value)
    return repr(value)
