"""`kwhouse registry changes`: who changed what in the registry, in stations' credentials and in API keys."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warehouse.command_line import Json, day_of, print_json, print_result

if TYPE_CHECKING:
    from collections.abc import Mapping


def changes(
    table_name: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="Only of this table, e.g. tariffs, tokens, api_keys.")
    ] = None,
    since: Annotated[
        date | None, typer.Option(parser=day_of, metavar="YYYY-MM-DD", help="Only from this day (UTC) on.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List changes, the newest first: when, who, with what, which row, what it was and is.

    Passwords and keys are not kept, so they are not told.
    """
    from warehouse.registry.changes import listing
    from warehouse.settings import load_settings
    from warehouse.state import opened

    begin = None if since is None else datetime.combine(since, time(), UTC)
    with opened(load_settings()) as engine, engine.connect() as connection:
        rows = listing(connection, table_name=table_name, since=begin, limit=limit)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        print_result(_told(row), False)
    if not rows:
        print_result("None.", False)


def _told(row: Mapping[str, Any]) -> str:
    key = ", ".join(map(str, row["row_key"]))
    head = f"{row['changed_at']:%Y-%m-%d %H:%M:%S} UTC  {row['changed_by']} ({row['source']})"
    lines = [f"{head}  {row['table_name']} {key}: {row['change']}"]
    before, after = row["before"] or {}, row["after"] or {}
    if row["change"] == "changed":
        names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
        lines += [f"    {name}: {_shown(before.get(name))} → {_shown(after.get(name))}" for name in names]
    else:
        lines += [f"    {name}: {_shown(value)}" for name, value in (after or before).items()]
    return "\n".join(lines)


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
