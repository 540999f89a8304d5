"""`kwhouse station password|profile|accept|waiting`: how stations prove themselves, and which of them wait."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from warehouse.command_line import By, Json, Station, author, print_json, print_result, state


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to `kwhouse station`."""
    app.command("password")(password)
    app.command("profile")(profile)
    app.command("waiting")(waiting)
    app.command("accept")(accept)


def password(
    station_id: Station,
    from_stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the password from standard input; default: one is made up and shown.")
    ] = False,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Set the password that a station must give (HTTP Basic auth). The one before is good until it has used this one.

    Its security profile becomes 1 where it had none. Collectors know it within seconds; only a hash is kept.
    """
    from ingest.security import passwords
    from ingest.security.credentials import set_password

    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else passwords.made_up()
    with state() as engine:
        found = set_password(engine, station_id, given, author(by, "station password"), datetime.now(UTC))
    facts: dict[str, Any] = {"station_id": station_id, "security_profile": found}
    told = f"Password of {station_id} set; security profile {found}."
    if not from_stdin:
        facts["password"] = given
        told = f"{given}\n{told} It is shown this once."
    print_result(facts if as_json else told, as_json)


def profile(
    station_id: Station,
    number: Annotated[int, typer.Argument(min=0, max=3, metavar="PROFILE", help="0 to 3.")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Set the OCPP security profile of a station: 0 none, 1 password, 2 password and TLS, 3 certificate and TLS."""
    from ingest.security.credentials import set_profile

    with state() as engine:
        set_profile(engine, station_id, number, author(by, "station profile"), datetime.now(UTC))
    missing = _missing_for(number)
    if missing is not None:
        typer.echo(
            f"The station will not be let in: {missing} is not set where collectors run by these settings.", err=True
        )
    facts = {"station_id": station_id, "security_profile": number}
    print_result(facts if as_json else f"Security profile of {station_id}: {number}.", as_json)


def _missing_for(profile_number: int) -> str | None:
    """The setting without which no station can show what a profile asks for; None: nothing is missing."""
    from warehouse.settings import load_settings

    settings = load_settings()
    if profile_number >= 2 and settings.collect_certificate is None:
        return "KWHOUSE_COLLECT_CERTIFICATE"
    return "KWHOUSE_COLLECT_CLIENT_CA" if profile_number == 3 and settings.collect_client_ca is None else None


def waiting(as_json: Json = False) -> None:
    """List stations that have knocked and that the registry does not know, the newest first."""
    from ingest.access.waiting import listing

    with state() as engine:
        rows = listing(engine)
    if as_json:
        print_json(rows)
    elif not rows:
        print_result("None.", False)
    else:
        for row in rows:
            told = f"{row['last_at']:%Y-%m-%d %H:%M} UTC  {row['station_id']}  {row['knocks']} times"
            print_result(f"{told}, from {row['remote_address']}", False)


def accept(
    station_id: Station,
    site: Annotated[str, typer.Option(metavar="ID", help="Site where it stands.")],
    name: Annotated[str | None, typer.Option(help="Name that people use.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take a station into the registry: it may connect within seconds. Declare its connectors too: `registry apply`."""
    from ingest.access.waiting import accepted

    with state() as engine:
        row = accepted(engine, station_id, site, name, author(by, "station accept"))
    told = f"{station_id} stands at {site} now. Its sessions are priced once its connectors are declared."
    print_result(row if as_json else told, as_json)
