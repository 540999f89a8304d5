"""`kwhouse invoice …`: drafts issued, documents listed, written as files, and taken back."""

from __future__ import annotations

import dataclasses
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.billing.commands.common import opened_both, progress, utc_now, write_output
from warehouse.command_line import Json, month_of, print_json

invoice_app = typer.Typer(help="Issue invoices and credit notes, and write them as files.", no_args_is_help=True)


class DocumentFormat(StrEnum):
    """How a document is written."""

    pdf = "pdf"
    cii = "cii"
    ubl = "ubl"
    json = "json"


Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Number of the document.")]
Month = Annotated[date | None, typer.Option(parser=month_of, metavar="YYYY-MM", help="Only this month.")]
Contract = Annotated[str | None, typer.Option(metavar="ID", help="Only this contract.")]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; default: this account.")]


@invoice_app.command("list")
def list_(
    month: Month = None,
    contract: Contract = None,
    status: Annotated[str | None, typer.Option(help="draft, issued or credited.")] = None,
    only_due: Annotated[
        bool, typer.Option("--due", help="Only what is to be issued, beside what stands until then.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List invoices and credit notes, the newest month first; drafts have no number yet.

    `due` says of an issued invoice that its sessions have changed since (changed, gone): a credit note is due.
    """
    from warehouse.query import write_rows
    from warehouse.readers.documents import due, listing

    if only_due and status:
        raise typer.BadParameter("--due lists drafts, whatever their document's status: leave --status out.")
    with opened_both(read_only=True) as (lake, _engine):
        if only_due:
            rows = due(lake, month=month, contract_id=contract)
        else:
            rows = listing(lake, month=month, contract_id=contract, status=status)
    write_rows(rows.columns, rows.rows(), "json" if as_json else "table", sys.stdout)


@invoice_app.command("issue")
def issue(
    drafts: Annotated[list[str] | None, typer.Argument(metavar="[DRAFT]…", help="Only these drafts.")] = None,
    month: Month = None,
    contract: Contract = None,
    operator: Annotated[str | None, typer.Option(metavar="ID", help="Only this operator's.")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Give drafts a number. A document never changes: late data give a credit note and a new invoice.

    What cannot be issued stays a draft, and its reasons are listed (exit status 1).
    """
    from pipelines.billing.issuing.drafts import Wanted
    from pipelines.billing.issuing.issue import issue as run
    from warehouse.account import account

    if not (drafts or month):
        raise typer.BadParameter("Say what to issue: --month 2026-10, or drafts by name (`kwhouse invoice list`).")
    wanted = Wanted(operator, month, contract, tuple(drafts) if drafts else None)
    with opened_both() as (lake, engine):
        report = run(lake, engine, wanted, clock=utc_now, by=by or account(), on_progress=progress)
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        sys.stdout.write(f"{report}\n")
    raise typer.Exit(1 if report.refused else 0)


@invoice_app.command("void")
def void(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; stands on the credit note.")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take an issued invoice back by a credit note; its sessions are a draft again."""
    from pipelines.billing.issuing.issue import void as run
    from warehouse.account import account

    with opened_both() as (lake, engine):
        done = run(lake, engine, number, reason=reason, now=utc_now(), by=by or account())
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        sys.stdout.write(f"{done.document_id} takes back {done.corrects}: {done.total_incl_vat} {done.currency}\n")


@invoice_app.command("buyer")
def buyer(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="Id of a session, or how just one begins.")],
    driver: Annotated[str, typer.Argument(metavar="DRIVER", help="Driver (or company) of the registry who owes it.")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Name who buys a session without a contract, as the law asks beyond some amount (Germany: 250 EUR)."""
    from pipelines.billing.issuing.buyers import name_buyer
    from warehouse.account import account

    with opened_both(read_only=True) as (lake, engine):
        named = name_buyer(lake, engine, session, driver, now=utc_now(), by=by or account())
    if as_json:
        print_json(dataclasses.asdict(named))
    else:
        sys.stdout.write(f"{named}\n")


@invoice_app.command("write")
def write(
    number: Number,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="File to write.")],
    form: Annotated[
        DocumentFormat,
        typer.Option("--format", help="pdf (with Factur-X inside), cii or ubl (EN 16931), json (as it is kept)."),
    ] = DocumentFormat.pdf,
) -> None:
    """Write an issued document, or a draft's preview, to a file."""
    from pipelines.billing.issuing.archive import written

    with opened_both() as (lake, engine):
        write_output(lake.settings, output, written(lake, engine, number, form.value, now=utc_now()))
    sys.stderr.write(f"{number} in {output}\n")


@invoice_app.command("send")
def send(
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[NUMBER]…", help="Documents to send.")] = None,
    month: Month = None,
    again: Annotated[bool, typer.Option("--again", help="Also what a server has accepted before.")] = False,
    as_json: Json = False,
) -> None:
    """Send documents by e-mail, each with its PDF and XML; every attempt is kept.

    Exit status 1 when one was refused, 75 when the mail server could not be reached.
    """
    from pipelines.billing.issuing.sending import send_documents, unsent

    if not (numbers or month):
        raise typer.BadParameter("Say what to send: --month 2026-10, or numbers.")
    with opened_both() as (lake, engine):
        chosen = unsent(engine, numbers=numbers or None, month=month, again=again)
        report = send_documents(engine, lake.settings, chosen, clock=utc_now, on_progress=progress)
    if as_json:
        print_json([dataclasses.asdict(sent) for sent in report])
    else:
        sys.stdout.write("".join(f"{sent}\n" for sent in report) or "Nothing to send: all were accepted before.\n")
    outcomes = {sent.outcome for sent in report}
    raise typer.Exit(1 if "refused" in outcomes else 75 if "failed" in outcomes else 0)
