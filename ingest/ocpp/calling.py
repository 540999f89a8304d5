"""What calls to stations are made of, for all versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from warehouse.errors import InputError

Arguments = Mapping[str, Any]
"""Arguments of a command, read with `exact_json`: numbers are decimals."""


class Call(NamedTuple):
    """A call to be made."""

    action: str
    payload: dict[str, Any]


Translate = Callable[[Arguments, int], Call]
"""A command's arguments and a number of its own → the call. Raises `Impossible`."""


class Impossible(InputError):
    """A command that cannot be said in this station's OCPP version, or not with these arguments."""


def text(arguments: Arguments, name: str, longest: int) -> str:
    """An argument that must be there as text. Raises `Impossible`."""
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise Impossible(f"{name} is missing.")
    if len(value) > longest:
        raise Impossible(f"{name} has {len(value)} characters; this OCPP version allows {longest}.")
    return value


def whole(arguments: Arguments, *names: str) -> int | None:
    """The first of these arguments that is there, as a whole number from 0 on. Raises `Impossible`."""
    for name in names:
        value = arguments.get(name)
        if value is not None:
            if isinstance(value, bool) or value != int(value) or value < 0:
                raise Impossible(f"{name} must be a whole number, not {value}.")
            return int(value)
    return None


def only(answer: Any, results: str, name: str) -> Any:
    """`name` of the only object in the list `results` of a station's answer; None where it is not so."""
    found = answer.get(results) if isinstance(answer, dict) else None
    return found[0].get(name) if isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict) else None


def positive(value: Any) -> int | None:
    """A whole number of a station's answer, written in digits, if it is one above 0 of a usual size."""
    told = str(value)
    return int(told) or None if told.isascii() and told.isdigit() and len(told) < 10 else None


def given(**fields: Any) -> dict[str, Any]:
    """Fields of a payload, without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}
