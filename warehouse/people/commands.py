"""`kwhouse key add|list|revoke`: what programs that ask the HTTP API may do."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

import typer

from warehouse.command_line import By, Json, author, day_of, print_json, print_result, state
from warehouse.people.roles import Permission, Role

key_app = typer.Typer(help="API keys: make, list, revoke.", no_args_is_help=True)


@key_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[list[Role], typer.Option(help="What it may do; may be given several times.")],
    scope: Annotated[
        list[Permission] | None, typer.Option(help="Only this of what its roles may; may be given several times.")
    ] = None,
    owner: Annotated[str | None, typer.Option(metavar="ID", help="Only the sites of this owner's agreements.")] = None,
    site: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this site; several times.")] = None,
    expires: Annotated[
        date | None, typer.Option(parser=day_of, metavar="YYYY-MM-DD", help="From this day (UTC) on it opens nothing.")
    ] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown this once; only a hash is kept."""
    from warehouse.people.keys import Grant, make_key

    ends = None if expires is None else datetime.combine(expires, time(), UTC)
    grant = Grant(role, scope or None, owner, site or None, ends)
    with state() as engine:
        key = make_key(engine, name, grant, author(by, "key add"))
    told = f"{key}\nIt is shown this once. Send it as a header: Authorization: Bearer …"
    print_result({"key": key, "key_id": key.split("_")[1]} if as_json else told, as_json)


@key_app.command("list")
def listed(as_json: Json = False) -> None:
    """List keys, the newest first: what they may do and when they were last used."""
    from warehouse.people.keys import listing

    with state() as engine:
        rows = listing(engine)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        sees = [f"owner {row['owner_id']}"] if row["owner_id"] else []
        sees += [f"site {site}" for site in row["site_ids"] or ()]
        facts = (
            row["key_id"],
            row["name"],
            ", ".join(row["roles"]),
            f"only {', '.join(row['scopes'])}" if row["scopes"] else "all scopes",
            ", ".join(sees) or "all sites",
            row["state"],
            f"used on {row['last_used_on']}" if row["last_used_on"] else "never used",
        )
        print_result("  ".join(facts), False)
    if not rows:
        print_result("None.", False)


@key_app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The part after kwh_; `kwhouse key list` shows it.")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Revoke a key: it opens nothing from the next request on."""
    from warehouse.people.keys import revoke

    with state() as engine:
        done = revoke(engine, key_id, author(by, "key revoke"))
    facts = {"key_id": key_id, "revoked": True}
    told = f"Key {key_id} is revoked." if done else f"Key {key_id} was revoked before."
    print_result(facts if as_json else told, as_json)
