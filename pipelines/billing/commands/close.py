"""`kwhouse close`: close a month, lock or unlock it, or see how it stands."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.command_line import Json, month_of, print_result

if TYPE_CHECKING:
    from warehouse.store import Lake

# One command without a name of its own: `app.add_typer(close_app)` makes it `kwhouse close`.
close_app = typer.Typer()


@close_app.command("close")
def close_month(
    month: Annotated[date, typer.Argument(parser=month_of, metavar="YYYY-MM", help="Month.")],
    operator: Annotated[
        str | None, typer.Option(help="Operator; not needed where there is only one.", metavar="ID")
    ] = None,
    lock: Annotated[bool, typer.Option("--lock", help="Only lock it: no document of it is issued by the way.")] = False,
    unlock: Annotated[bool, typer.Option("--unlock", help="Open a locked month again.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Only tell how it stands and what does not add up.")] = False,
    accept_unpriced: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REASON",
            help="Close although sessions have no price for this reason (held, active, no_tariff …); may be given "
            "several times, and is kept with the control sums.",
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; default: this account.")] = None,
    as_json: Json = False,
) -> None:
    """Close a month for good, when everything adds up from the registers to the documents.

    Refused with the list of what speaks against it (exit status 1). A closed month is never opened again: what comes
    late is booked in the first later month that is not closed.
    """
    from pipelines.billing import closing
    from pipelines.billing.closing.close import as_json as report_as_json
    from warehouse.settings import load_settings
    from warehouse.store import open_lake

    if lock + unlock + status > 1:
        raise typer.BadParameter("Give one of --lock, --unlock and --status.")
    with open_lake(load_settings(), read_only=True) as lake:
        chosen = _operator(lake, operator)
        if lock or unlock:
            period = (closing.lock if lock else closing.unlock)(lake, chosen, month, by=by)
            print_result(dataclasses.asdict(period) if as_json else str(period), as_json)
            return
        if status:
            report = closing.status(lake, chosen, month)
        else:
            report = closing.close(lake, chosen, month, accept_unpriced=accept_unpriced or (), by=by)
    print_result(report_as_json(report) if as_json else str(report), as_json)


def _operator(lake: Lake, operator: str | None) -> str:
    from pipelines.billing.closing.close import operators

    if operator is not None:
        return operator
    known = operators(lake)
    if len(known) != 1:
        raise typer.BadParameter(
            f"Name one operator of {', '.join(known) or 'none, as the registry has none'}.", param_hint="--operator"
        )
    return known[0]
