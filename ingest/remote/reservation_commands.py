"""`kwhouse station reserve|cancel-reservation|reservations`: EVSEs kept for somebody."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Annotated

import typer

from ingest.remote.commands import Wait, tell
from warehouse.command_line import By, Json, Station, author, print_rows, state, utc


def add_reservation_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `kwhouse station`."""
    app.command("reserve")(reserve)
    app.command("cancel-reservation")(cancel)
    app.command("reservations")(reservations)


def reserve(
    station_id: Station,
    token: Annotated[str, typer.Option(metavar="TOKEN", help="Who may use it.")],
    until: Annotated[datetime, typer.Option(help="How long the station keeps it; UTC.")],
    evse: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="EVSE; of OCPP 1.6 the connector. Default: any of them.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Ask the station even if the token may not charge.")] = False,
    wait: Wait = True,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Keep an EVSE of a station for a token. Exit status 1 where it is refused, 75 where nobody answered."""
    from ingest.remote.reserving import ask_reservation

    with state() as engine:
        found = ask_reservation(
            engine, station_id, evse, token, utc(until) or until, author(by, "station reserve"), force=force
        )
        if not as_json:
            typer.echo(f"Reservation {found.reservation_id}.", err=True)
        tell(engine, found.command_id, wait, as_json)


def cancel(
    reservation_id: Annotated[int, typer.Argument(metavar="NUMBER", help="As `kwhouse station reservations` tells.")],
    wait: Wait = True,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Give a reservation up."""
    from warehouse.remote.reservations import cancel as ask_cancel

    with state() as engine:
        tell(engine, ask_cancel(engine, reservation_id, author(by, "station cancel-reservation")), wait, as_json)


def reservations(
    station_id: Annotated[str | None, typer.Argument(metavar="[STATION]", help="Only of this station.")] = None,
    as_json: Json = False,
) -> None:
    """List reservations, the newest first: number, station, EVSE, token, until, state."""
    from warehouse.remote.reservations import listing

    with state() as engine:
        found = [dataclasses.asdict(one) for one in listing(engine, datetime.now(UTC), station_id)]
    hidden = () if as_json else ("command_id",)
    print_rows([{name: value for name, value in row.items() if name not in hidden} for row in found], as_json)
