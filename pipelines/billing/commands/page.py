"""`kwhouse payment page`: the address where a customer pays an invoice, also as a code for a phone."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from warehouse.command_line import Json, print_json


def payment_page(
    document: Annotated[str, typer.Argument(metavar="NUMBER", help="Invoice, or a dunning fee of one.")],
    qr: Annotated[
        Path | None, typer.Option("--qr", metavar="FILE", help="Write the code to this file: .png or .svg.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show the code here, to scan it from the screen.")] = False,
    as_json: Json = False,
) -> None:
    """Make the page where a customer pays what is open on an invoice, on a phone; the same one as long as it is open.

    Whoever has the address can pay: send it to the customer only. KWHOUSE_PUBLIC_URL says how customers reach it.
    """
    import segno

    from pipelines.billing.cards import booking
    from pipelines.billing.cards.pages import invoice_page
    from pipelines.billing.payments.service import payment_service
    from warehouse.files import refuse_own, whole_file
    from warehouse.settings import load_settings

    settings = load_settings()
    if qr is not None:
        if qr.suffix.lower() not in (".png", ".svg"):
            raise typer.BadParameter(f"{qr}: name a .png or .svg file.", param_hint="--qr")
        refuse_own(qr, settings)
    service = payment_service(settings, booking.tell)
    made = invoice_page(service, settings, document)
    code = segno.make(made.url, error="m", micro=False)
    if qr is not None:
        with whole_file(qr, private=True) as path, path.open("wb") as file:
            code.save(file, kind=qr.suffix.lower().lstrip("."), scale=8)
    if as_json:
        print_json(dataclasses.asdict(made))
    else:
        sys.stdout.write(f"{made}\n")
    if show:
        code.terminal(out=sys.stderr if as_json else sys.stdout, compact=True)
    if made.only_here:
        sys.stderr.write(
            "Only this machine can open it: set KWHOUSE_PUBLIC_URL, and a proxy with TLS before the API.\n"
        )
    service.engine.dispose()
