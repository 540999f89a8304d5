"""`kwhouse token …` and `kwhouse driver …`: who may charge, changed row by row, and asked before somebody comes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.command_line import By, Json, author, print_json, print_result, print_rows, state, utc
from warehouse.contract.registry import TOKENS

if TYPE_CHECKING:
    from warehouse.registry.editing import Edited

token_app = typer.Typer(help="Means of identification: add, block, and ask what one may do.", no_args_is_help=True)
driver_app = typer.Typer(help="Drivers: who they are and what they charge with.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="TOKEN", help="As the station sends it.")]


@token_app.command("add")
def add_token(
    id_token: Id,
    kind: Annotated[
        str, typer.Option("--type", metavar="TYPE", help=f"One of {', '.join(TOKENS.by_name['token_type'].values)}.")
    ] = "RFID",
    contract: Annotated[str | None, typer.Option(metavar="ID", help="Contract that pays; without it: ad hoc.")] = None,
    group: Annotated[str | None, typer.Option(metavar="NAME", help="Group (parentIdTag, groupIdToken).")] = None,
    ocpp_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Kind that stations of OCPP 2.x must present it as.")
    ] = None,
    valid_from: Annotated[datetime | None, typer.Option(help="UTC; default: now.")] = None,
    valid_to: Annotated[datetime | None, typer.Option(help="UTC; default: without end.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Add a token. Collectors know it within seconds."""
    from warehouse.registry.editing import add_row

    row: dict[str, object] = {
        "id_token": id_token,
        "token_type": kind,
        "contract_id": contract,
        "token_group": group,
        "ocpp_type": ocpp_type,
        "status": "active",
        "valid_to": utc(valid_to),
    }
    if valid_from is not None:
        row["valid_from"] = utc(valid_from)
    with state() as engine:
        _tell(add_row(engine, "tokens", row, author(by, "token add")), as_json)


@token_app.command("block")
def block_token(id_token: Id, by: By = None, as_json: Json = False) -> None:
    """Block a token: it is refused everywhere within seconds."""
    _set_status(id_token, "blocked", by, as_json)


@token_app.command("unblock")
def unblock_token(id_token: Id, by: By = None, as_json: Json = False) -> None:
    """Take the block from a token."""
    _set_status(id_token, "active", by, as_json)


def _set_status(id_token: str, status: str, by: str | None, as_json: bool) -> None:
    from warehouse.registry.editing import change_row

    source = "token block" if status == "blocked" else "token unblock"
    with state() as engine:
        done = change_row(engine, "tokens", {"id_token": id_token}, {"status": status}, author(by, source))
    _tell(done, as_json)


@token_app.command("check")
def check_token(
    id_token: Id,
    station: Annotated[str, typer.Option(metavar="ID", help="Where.")],
    at: Annotated[datetime | None, typer.Option(help="When, UTC; default: now.")] = None,
    ocpp_type: Annotated[str | None, typer.Option(metavar="TYPE", help="Kind it is presented as (OCPP 2.x).")] = None,
    as_json: Json = False,
) -> None:
    """Say what would be decided if this token wanted to charge, and why. Exit status 1 where it would be refused.

    Sessions that go on are counted as collectors have told of them.
    """
    from ingest.access.asking import would_be_decided

    moment = utc(at) or datetime.now(UTC)
    with state() as engine:
        decision, settled_by = would_be_decided(engine, id_token, station, moment, ocpp_type)
    facts = {"status": decision.status, "reason": decision.reason, "access_rule_id": decision.rule_id}
    told = f"{decision.status}: {decision.reason.replace('_', ' ')}{settled_by}"
    print_result(facts if as_json else told, as_json)
    if decision.status != "Accepted":
        raise typer.Exit(1)


@token_app.command("list")
def list_tokens(
    contract: Annotated[str | None, typer.Option(metavar="ID", help="Only those of this contract.")] = None,
    group: Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this group.")] = None,
    as_json: Json = False,
) -> None:
    """List tokens, their status and contract."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("registry", "tokens")
    names = ("id_token", "token_type", "status", "contract_id", "token_group", "valid_from", "valid_to")
    query = sa.select(*(rows.c[name] for name in names)).order_by(rows.c.id_token)
    for column, wanted in ((rows.c.contract_id, contract), (rows.c.token_group, group)):
        query = query if wanted is None else query.where(column == wanted)
    with state() as engine, engine.connect() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    print_rows(found, as_json)


@driver_app.command("add")
def add_driver(
    driver_id: Annotated[str, typer.Argument(metavar="ID", help="Own key; says nothing about the person.")],
    name: Annotated[str | None, typer.Option(help="Name.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail address.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Add a driver."""
    from warehouse.registry.editing import add_row

    with state() as engine:
        row = {"driver_id": driver_id, "name": name, "email": email}
        _tell(add_row(engine, "drivers", row, author(by, "driver add")), as_json)


@driver_app.command("list")
def list_drivers(as_json: Json = False) -> None:
    """List drivers with the number of their contracts and tokens."""
    import sqlalchemy as sa

    from warehouse.state import table

    drivers, contracts, tokens = (table("registry", name) for name in ("drivers", "contracts", "tokens"))
    query = (
        sa.select(
            drivers.c.driver_id,
            drivers.c.name,
            sa.func.count(sa.distinct(contracts.c.contract_id)).label("contracts"),
            sa.func.count(tokens.c.id_token).label("tokens"),
        )
        .outerjoin(contracts, contracts.c.driver_id == drivers.c.driver_id)
        .outerjoin(tokens, tokens.c.contract_id == contracts.c.contract_id)
        .group_by(drivers.c.driver_id, drivers.c.name)
        .order_by(drivers.c.driver_id)
    )
    with state() as engine, engine.connect() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    print_rows(found, as_json)


def _tell(done: Edited, as_json: bool) -> None:
    if as_json:
        print_json({"before": done.before, "after": done.after})
    elif done.before == done.after:
        print_result("Nothing to change: it is so already.", False)
    else:
        print_result("Added." if done.before is None else "Changed.", False)
