"""`kwhouse owner …`: what site owners get for a month, and the file that pays them."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from warehouse.command_line import Json, day_of, month_of, print_json

owner_app = typer.Typer(
    help="Site owners: what they get for a month, and the file that pays them.", no_args_is_help=True
)


@owner_app.command("payout")
def payout(
    month: Annotated[date, typer.Argument(parser=month_of, metavar="YYYY-MM", help="Month.")],
    operator: Annotated[str, typer.Option(metavar="ID", help="Operator that pays.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="pain.001 file to write.")],
    on: Annotated[
        date | None, typer.Option(parser=day_of, metavar="YYYY-MM-DD", help="Day of payment; default: today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the bank's file (pain.001) that pays the owners of an operator's sites for a month that is closed.

    Made twice it is the same file, with the same ids: a bank that checks them pays once.
    """
    from pipelines.billing.owners.payout_file import payout_file
    from warehouse.files import refuse_own, whole_file
    from warehouse.settings import load_settings
    from warehouse.state import open_state
    from warehouse.store import open_lake

    settings = load_settings()
    refuse_own(output, settings)
    today = datetime.now(UTC).date()
    engine = open_state(settings)
    try:
        with open_lake(settings, read_only=True) as lake:
            made = payout_file(lake, engine, operator, month, wanted=on or today, today=today)
    finally:
        engine.dispose()
    with whole_file(output) as path:
        path.write_bytes(made.xml)
    left_out = [{"owner": one.reference, "reason": one.reason} for one in made.left_out]
    if as_json:
        print_json(
            {
                "file": output,
                "message_id": made.message_id,
                "execution_date": made.execution_date,
                "transfers": len(made.transfers),
                "total": made.total,
                "left_out": left_out,
            }
        )
    else:
        sys.stdout.write(f"{len(made.transfers)} transfers, {made.total} EUR on {made.execution_date} in {output}\n")
        for one in made.left_out:
            sys.stdout.write(f"Not paid: {one.reference}: {one.reason}\n")
    raise typer.Exit(1 if left_out else 0)
