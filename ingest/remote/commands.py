"""`kwhouse session start|stop|active`, `kwhouse station commands`: what stations are asked to do, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from warehouse.command_line import By, Json, Station, author, print_result, print_rows, state

if TYPE_CHECKING:
    import sqlalchemy as sa

    from warehouse.registry.changes import Author
    from warehouse.remote.commands import Command

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the station's answer, a minute at most.")]

_WAIT_SECONDS = 60.0
_TRY_AGAIN = 75


def add_session_commands(app: typer.Typer) -> None:
    """Add `start`, `stop` and `active` to `kwhouse session`."""
    app.command("start")(start)
    app.command("stop")(stop)
    app.command("active")(active)


def add_station_commands(app: typer.Typer) -> None:
    """Add `commands`, `report`, `rotate`, `local-list` and `clear-cache` to `kwhouse station`."""
    app.command("commands")(commands)
    app.command("report")(report)
    app.command("rotate")(rotate)
    app.command("local-list")(local_list)
    app.command("clear-cache")(clear_cache)


def start(
    station_id: Station,
    token: Annotated[str, typer.Option(metavar="TOKEN", help="Who charges.")],
    evse: Annotated[int | None, typer.Option(min=1, metavar="N", help="EVSE; of OCPP 1.6 the connector.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Ask the station even if the token may not charge.")] = False,
    wait: Wait = True,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Start a session at a station from outside. Exit status 1 where it is refused, 75 where nobody answered."""
    from ingest.remote.asking import ask_start

    with state() as engine:
        command_id = ask_start(engine, station_id, token, author(by, "session start"), evse, force=force)
        tell(engine, command_id, wait, as_json)


def stop(
    where: Annotated[str, typer.Argument(metavar="STATION|SESSION", help="Station, or a session's id.")],
    transaction: Annotated[
        str | None, typer.Argument(metavar="[TRANSACTION]", help="OCPP transaction id, where a station is named.")
    ] = None,
    wait: Wait = True,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Stop a session from outside: `stop STATION TRANSACTION`, or `stop SESSION` by its id or the beginning of it."""
    station_id, transaction_id = (where, transaction) if transaction is not None else _session(where)
    _ask(station_id, "stop", {"transaction_id": transaction_id}, author(by, "session stop"), wait, as_json)


def active(
    station_id: Annotated[str | None, typer.Argument(metavar="[STATION]", help="Only at this station.")] = None,
    as_json: Json = False,
) -> None:
    """List sessions that go on, as collectors tell of them: station, EVSE, transaction, token, begin."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("access", "transactions")
    names = ("station_id", "evse_or_connector", "transaction_id", "id_token", "started_at")
    query = sa.select(*(rows.c[name] for name in names)).order_by(rows.c.started_at)
    if station_id is not None:
        query = query.where(rows.c.station_id == station_id)
    with state() as engine, engine.connect() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    print_rows(found, as_json)


def commands(
    station_id: Annotated[str | None, typer.Argument(metavar="[STATION]", help="Only to this station.")] = None,
    most: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List what stations were asked to do, the newest first, and what became of it."""
    from warehouse.remote.commands import listing

    with state() as engine:
        found = [_facts(command) for command in listing(engine, station_id, most)]
    if not as_json:
        names = ("asked_at", "station_id", "kind", "state", "reason", "asked_by")
        found = [{name: row[name] for name in names} for row in found]
    print_rows(found, as_json)


def report(station_id: Station, wait: Wait = True, by: By = None, as_json: Json = False) -> None:
    """Have a station tell all of its configuration (1.6) or its device model (2.x). It is in its frames then."""
    _ask(station_id, "report", {}, author(by, "station report"), wait, as_json)


def rotate(station_id: Station, wait: Wait = True, by: By = None, as_json: Json = False) -> None:
    """Have a station that is connected take a new password. Nobody sees it; only its hash is kept.

    The password before stays good until the station has connected with the new one.
    """
    _ask(station_id, "set_password", {}, author(by, "station rotate"), wait, as_json)


def local_list(
    station_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[STATION…]", help="Stations to switch on; without any: list them.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Empty their lists instead, and leave them so.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Send the whole list now, whatever they hold.")] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let stations know by themselves who may charge: their local authorization list is kept in step from now on.

    On it stand tokens that may always charge at the station's site: no hours, numbers or credit decide about them.
    When a token is blocked, the station's authorization cache is cleared as well.
    """
    import dataclasses

    from warehouse.remote.commands import ask
    from warehouse.remote.local_lists import lists, switch

    with state() as engine:
        if station_ids:
            who = author(by, "station local-list")
            switch(engine, station_ids, not off, who)
            for station_id in station_ids if full else ():
                ask(engine, station_id, "send_local_list", {"full": True}, who)
        wanted = set(station_ids or ())
        found = [dataclasses.asdict(row) for row in lists(engine) if not wanted or row.station_id in wanted]
    if not as_json:
        names = ("station_id", "enabled", "list_version", "tokens", "in_step_at", "reason")
        found = [{name: row[name] for name in names} for row in found]
    print_rows(found, as_json)


def clear_cache(station_id: Station, wait: Wait = True, by: By = None, as_json: Json = False) -> None:
    """Have a station forget whom it has let in before: it asks again about each of them."""
    _ask(station_id, "clear_cache", {}, author(by, "station clear-cache"), wait, as_json)


def _ask(station_id: str, kind: str, arguments: dict[str, Any], who: Author, wait: bool, as_json: bool) -> None:
    """Ask a station for what needs no judgement first, and print what became of it."""
    from warehouse.remote.commands import ask

    with state() as engine:
        tell(engine, ask(engine, station_id, kind, arguments, who), wait, as_json)


def tell(engine: sa.Engine, command_id: str, wait: bool, as_json: bool) -> None:
    """Print what became of a command. Exits with 1 where the station did not do it, 75 where nobody answered."""
    from warehouse.remote import commands as remote

    command = remote.wait(engine, command_id, _WAIT_SECONDS if wait else 0)
    says_more = command.reason is not None and command.reason.casefold() != command.state
    told = command.state.capitalize() + (f": {command.reason}" if says_more else ".")
    if not command.is_over and not wait:
        told = f"Asked; `kwhouse station commands {command.station_id}` tells what becomes of it."
    print_result(_facts(command) if as_json else told, as_json)
    if command.state in ("rejected", "failed"):
        raise typer.Exit(1)
    if command.state in ("unanswered", "expired") or (wait and not command.is_over):
        raise typer.Exit(_TRY_AGAIN)


def _facts(command: Command) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(command)


def _session(text: str) -> tuple[str, str]:
    """Station and transaction of a session of the warehouse. Raises `SessionUnknown`, `InputError`."""
    from warehouse.errors import InputError
    from warehouse.readers import sessions
    from warehouse.settings import load_settings
    from warehouse.store import open_lake

    with open_lake(load_settings(), read_only=True) as lake:
        row = sessions.one(lake, sessions.resolve(lake, text)).row(0, named=True)
    if row["state"] != "active" or row["transaction_id"] is None:
        raise InputError(f"Session {row['session_id']} does not go on: there is nothing to stop.")
    return str(row["station_id"]), str(row["transaction_id"])
