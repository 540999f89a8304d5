"""What the commands of all rooms share: how they take days and months, and how they print results."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from typing import Annotated

import typer

from warehouse.plain import for_json

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def day_of(text: str) -> date:
    """A day, written 2026-03-31."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-03-31.") from None


def month_of(text: str) -> date:
    """The first day of a month, written 2026-10."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise typer.BadParameter(f"{text!r} is no month; write it as 2026-10.")
    return date.fromisoformat(f"{text}-01")


def print_json(value: object) -> None:
    """Print plain values as one line of JSON."""
    sys.stdout.write(json.dumps(for_json(value), ensure_ascii=False) + "\n")


def print_result(result: object, as_json: bool) -> None:
    """Print plain values as JSON, or a result in its own words."""
    if as_json:
        print_json(result)
    else:
        sys.stdout.write(f"{result}\n")
