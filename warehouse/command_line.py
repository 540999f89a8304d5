"""What the commands of all rooms share: how they take days, open the state database, and print results."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.plain import for_json

if TYPE_CHECKING:
    import sqlalchemy as sa

    from warehouse.registry.changes import Author

By = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; default: this account.")]
Station = Annotated[str, typer.Argument(metavar="STATION", help="OCPP identity.")]
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


def state() -> AbstractContextManager[sa.Engine]:
    """The state database of the settings, closed at the end."""
    from warehouse.settings import load_settings
    from warehouse.state import opened

    return opened(load_settings())


def author(by: str | None, source: str) -> Author:
    """Who does what a command does, and with what: records of changes bear it."""
    from warehouse.account import account_or_number
    from warehouse.registry.changes import Author

    return Author(by or account_or_number(), source)


def print_rows(rows: Sequence[Mapping[str, object]], as_json: bool) -> None:
    """Print rows as JSON, or as a table."""
    from warehouse.query import write_rows

    if as_json:
        print_json(rows)
    elif not rows:
        print_result("None.", False)
    else:
        names = list(dict.fromkeys(name for row in rows for name in row))
        write_rows(names, (tuple(map(row.get, names)) for row in rows), "table", sys.stdout)


def utc(moment: datetime | None) -> datetime | None:
    """A time that was typed; without a zone it is UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
