"""`kwhouse station code`: the code on a station that opens its page on a phone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from warehouse.command_line import Json, print_json


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `kwhouse station`."""
    app.command("code")(code)


def code(
    station_id: Annotated[str, typer.Argument(metavar="STATION", help="OCPP identity.")],
    evse_id: Annotated[int, typer.Argument(metavar="EVSE", help="EVSE; for OCPP 1.6 the connector's number.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the code to this file: .svg or .png.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the code here, to scan it from the screen.")] = False,
    as_json: Json = False,
) -> None:
    """Make the QR code of an EVSE: whoever scans it sees price and state there, and can start charging.

    KWHOUSE_PUBLIC_URL says how phones reach the HTTP API.
    """
    import segno
    import sqlalchemy as sa

    from ingest.api.driver.charge_pages import place_path
    from warehouse.errors import InputError, SettingsError
    from warehouse.files import refuse_own, whole_file
    from warehouse.settings import load_settings
    from warehouse.state import opened, table

    settings = load_settings()
    if output is not None:
        if output.suffix.lower() not in (".png", ".svg"):
            raise typer.BadParameter(f"{output}: name a .svg or .png file.", param_hint="--output")
        refuse_own(output, settings)
    if settings.public_url is None:
        raise SettingsError("KWHOUSE_PUBLIC_URL is not set: a code must say how phones reach the HTTP API.")
    rows = table("registry", "connectors")
    there = sa.select(rows.c.station_id).where(rows.c.station_id == station_id, rows.c.evse_id == evse_id)
    with opened(settings) as engine, engine.connect() as connection:
        if connection.execute(there.limit(1)).first() is None:
            raise InputError(f"The registry has no EVSE {evse_id} of station {station_id!r}: declare its connectors.")
    url = settings.public_url.rstrip("/") + place_path(station_id, evse_id)
    made = segno.make(url, error="q", micro=False)  # outdoors codes get dirty: a quarter may be unreadable
    if output is not None:
        with whole_file(output) as path, path.open("wb") as file:
            made.save(file, kind=output.suffix.lower().lstrip("."), scale=8)
    if as_json:
        print_json({"station_id": station_id, "evse_id": evse_id, "url": url})
    else:
        sys.stdout.write(f"{url}\n")
    if show:
        made.terminal(out=sys.stderr if as_json else sys.stdout, compact=True)
