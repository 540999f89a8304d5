"""`kwhouse power …`: what a site's grid limit leaves to whom, and limits of single stations."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from ingest.remote.commands import Wait, tell
from warehouse.command_line import By, Json, Station, author, print_json, print_result, state

power_app = typer.Typer(help="Power: how a site's grid limit is shared, and limits of stations.", no_args_is_help=True)


@power_app.command("sites")
def sites(
    site: Annotated[str | None, typer.Argument(metavar="SITE", help="Only this one, with its EVSEs.")] = None,
    as_json: Json = False,
) -> None:
    """List sites with a grid limit (registry: grid_limit_w): what their EVSEs may take together, and each of them."""
    from ingest.power.shown import shown_sites

    with state() as engine:
        found = shown_sites(engine, datetime.now(UTC), site)
    if as_json:
        print_json(found)
        return
    if not found:
        what = "No site has a grid limit" if site is None else f"{site} has no grid limit"
        print_result(f"{what}: set grid_limit_w in the registry.", False)
    for one in found:
        print_result(_told(one), False)
        for evse in one["evses"] if site is not None else ():
            going_on = f", transaction {evse['transaction_id']}" if evse["transaction_id"] else ""
            remark = f" ({evse['remark']})" if evse["remark"] else ""
            told = _kw(evse["may_take_w"])
            print_result(f"  {evse['station_id']}/{evse['evse_id']}  up to {told}{going_on}{remark}", False)


@power_app.command("limit")
def limit(
    station_id: Station,
    kw: Annotated[float, typer.Option("--kw", min=0, help="What the station may take at most, all EVSEs together.")],
    wait: Wait = True,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Limit a station, whatever its sessions and its site allow; until `kwhouse power clear`."""
    from ingest.power.station_limit import set_limit

    with state() as engine:
        command_id = set_limit(engine, station_id, int(Decimal(str(kw)) * 1000), author(by, "power limit"))
        tell(engine, command_id, wait, as_json)


@power_app.command("clear")
def clear(station_id: Station, wait: Wait = True, by: By = None, as_json: Json = False) -> None:
    """Take back the limit of a station."""
    from ingest.power.station_limit import clear_limit

    with state() as engine:
        command_id = clear_limit(engine, station_id, author(by, "power clear"))
        tell(engine, command_id, wait, as_json)


def _told(one: dict[str, Any]) -> str:
    going_on = sum(evse["transaction_id"] is not None for evse in one["evses"])
    told = f"{one['site_id']}  limit {_kw(one['grid_limit_w'])}, EVSEs may take {_kw(one['may_take_w'])}"
    told = f"{told}; {len(one['evses'])} EVSEs, {going_on} sessions"
    return told if one["may_take_w"] <= one["grid_limit_w"] else f"{told}. The limit does not hold yet."


def _kw(watts: int) -> str:
    return f"{watts / 1000:.1f} kW"
