"""`kwhouse cdr …`: CDRs of other parties, priced as sent and compared."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from warehouse.command_line import Json, print_json

cdr_app = typer.Typer(help="CDRs of other parties: priced as sent, and compared.", no_args_is_help=True)


class Verdict(StrEnum):
    """What the comparison said."""

    agrees = "agrees"
    differs = "differs"
    not_priceable = "not_priceable"
    refused = "refused"


@cdr_app.command("list")
def list_received(
    verdict: Annotated[list[Verdict] | None, typer.Option(help="Only those; may be given several times.")] = None,
    as_json: Json = False,
) -> None:
    """Received CDRs with their total as sent and by the tariff that they carry, those to look into first.

    `kwhouse import cdrs FILE…` takes them in, `kwhouse refresh` compares them. Exit status 1 where one of those listed
    differs or was refused.
    """
    from warehouse.readers.received import received_cdrs
    from warehouse.settings import load_settings
    from warehouse.store import open_lake

    with open_lake(load_settings(), read_only=True) as lake:
        rows = received_cdrs(lake, [one.value for one in verdict] if verdict else None).to_dicts()
    if as_json:
        print_json(rows)
    else:
        typer.echo("\n".join(map(_told, rows)) or "No such CDR was received.")
    raise typer.Exit(1 if any(row["verdict"] in ("differs", "refused") for row in rows) else 0)


def _told(row: dict[str, object]) -> str:
    net = row["sent_excl_vat"] if row["sent_excl_vat"] is not None else "–"
    head = f"{row['verdict']:<13}  {row['received_cdr_id']}  {row['started_at']:%Y-%m-%d}  {net} {row['currency']}"
    return f"{head}  {row['reason'] or ''}  ({row['source']})".replace("    (", "  (")
