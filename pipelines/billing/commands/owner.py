"""`kwhouse owner …`: statements of site owners issued, listed, written and sent; the files that pay them."""

from __future__ import annotations

import dataclasses
import sys
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.billing.commands.common import opened_both, utc_now, write_output
from warehouse.command_line import Json, day_of, month_of, print_json, print_result

owner_app = typer.Typer(
    help="Site owners: their statements, and the files that pay what they say.", no_args_is_help=True
)


class StatementFormat(StrEnum):
    """How a statement is written."""

    pdf = "pdf"
    cii = "cii"
    ubl = "ubl"
    json = "json"


def _amount_of(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is no amount; write it as 10.00.") from None
    if not amount.is_finite() or amount < 0:
        raise typer.BadParameter(f"{text!r} is not at least 0.")
    return amount


Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Number of the statement.")]
Month = Annotated[date | None, typer.Option(parser=month_of, metavar="YYYY-MM", help="Only this month.")]
Operator = Annotated[str | None, typer.Option(metavar="ID", help="Only this operator's.")]
Owner = Annotated[str | None, typer.Option(metavar="ID", help="Only this owner.")]
By = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; default: this account.")]
Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="File to write.")]


@owner_app.command("list")
def list_(month: Month = None, operator: Operator = None, owner: Owner = None, as_json: Json = False) -> None:
    """List statements and what is still to be stated, the newest month first, with the payout that pays each."""
    from warehouse.query import write_rows
    from warehouse.readers.owners import listing

    with opened_both(read_only=True) as (lake, _engine):
        rows = listing(lake, month=month, operator_id=operator, owner_id=owner)
    write_rows(rows.columns, rows.rows(), "json" if as_json else "table", sys.stdout)


@owner_app.command("issue")
def issue(
    month: Month = None, operator: Operator = None, owner: Owner = None, by: By = None, as_json: Json = False
) -> None:
    """Issue the statements of closed months. One never changes: late data give a credit note and a new statement.

    Without --month also what changed in earlier months. What cannot be issued is listed with its reasons (exit status
    1).
    """
    from pipelines.billing.owners.dues import Wanted
    from pipelines.billing.owners.issue import issue as run
    from warehouse.account import account

    with opened_both() as (lake, engine):
        report = run(lake, engine, Wanted(operator, month, owner), now=utc_now(), by=by or account())
    print_result(dataclasses.asdict(report) if as_json else report, as_json)
    raise typer.Exit(1 if report.refused else 0)


@owner_app.command("void")
def void(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; stands on the credit note.")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Take a statement back by a credit note, e.g. for a wrong address; `owner issue` then writes a new one."""
    from pipelines.billing.owners.issue import void as run
    from warehouse.account import account

    with opened_both() as (lake, engine):
        done = run(lake, engine, number, reason=reason, now=utc_now(), by=by or account())
    if as_json:
        print_json(dataclasses.asdict(done))
    else:
        sys.stdout.write(f"{done.document_id} takes back {done.corrects}: {done.total_incl_vat} {done.currency}\n")


@owner_app.command("show")
def show(number: Number, as_json: Json = False) -> None:
    """Show what a statement says: its lines, totals, and where the money goes."""
    from pipelines.billing.issuing.archive import issued_document
    from pipelines.billing.owners.telling import told

    with opened_both(read_only=True) as (_lake, engine):
        document = issued_document(engine, number)
    print_result(dataclasses.asdict(document) if as_json else told(document), as_json)


@owner_app.command("write")
def write(
    number: Number,
    output: Output,
    form: Annotated[
        StatementFormat,
        typer.Option("--format", help="pdf; of self-billed ones also cii or ubl (EN 16931); json (as it is kept)."),
    ] = StatementFormat.pdf,
) -> None:
    """Write a statement to a file."""
    from pipelines.billing.issuing.archive import FORMATS, issued_document

    with opened_both(read_only=True) as (lake, engine):
        content = FORMATS[form.value](issued_document(engine, number))
        write_output(lake.settings, output, content)
    sys.stderr.write(f"{number} in {output}\n")


@owner_app.command("send")
def send(
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[NUMBER]…", help="Statements to send.")] = None,
    month: Month = None,
    again: Annotated[bool, typer.Option("--again", help="Also what a server has accepted before.")] = False,
    as_json: Json = False,
) -> None:
    """Send statements to their owners by e-mail; every attempt is kept.

    Exit status 1 when one was refused, 75 when the mail server could not be reached.
    """
    from pipelines.billing.issuing.sending import send_documents, unsent

    if not (numbers or month):
        raise typer.BadParameter("Say what to send: --month 2026-10, or numbers.")
    with opened_both(read_only=True) as (lake, engine):
        chosen = unsent(engine, numbers=numbers or None, month=month, again=again, kept_in="owner_documents")
        report = send_documents(engine, lake.settings, chosen, clock=utc_now)
    if as_json:
        print_json([dataclasses.asdict(sent) for sent in report])
    else:
        sys.stdout.write("".join(f"{sent}\n" for sent in report) or "Nothing to send: all were accepted before.\n")
    outcomes = {sent.outcome for sent in report}
    raise typer.Exit(1 if "refused" in outcomes else 75 if "failed" in outcomes else 0)


@owner_app.command("payout")
def payout(
    operator: Annotated[str, typer.Option(metavar="ID", help="Operator that pays.")],
    output: Output,
    on: Annotated[
        date | None, typer.Option(parser=day_of, metavar="YYYY-MM-DD", help="Day of payment; default: today.")
    ] = None,
    minimum: Annotated[
        Decimal, typer.Option(parser=_amount_of, metavar="AMOUNT", help="Carry over owners who would get less.")
    ] = Decimal(0),
    by: By = None,
    as_json: Json = False,
) -> None:
    """Write the bank's file (pain.001) that pays what was stated and not paid yet: one transfer an owner.

    Each statement is paid once. Owners for whom less than nothing or less than --minimum is open, or whose account is
    wrong (exit status 1 then), are listed and carried over. `owner payouts ID -o FILE` writes the same file again.
    """
    from pipelines.billing.owners.payouts import file_of, pay
    from warehouse.account import account
    from warehouse.files import refuse_own

    with opened_both(read_only=True) as (lake, engine):
        refuse_own(output, lake.settings)  # before anything is paid
        now = utc_now()
        made = pay(engine, operator, on=on or now.date(), now=now, by=by or account(), minimum=minimum)
        write_output(lake.settings, output, file_of(engine, made.payout_id))
    print_result({**dataclasses.asdict(made), "file": output} if as_json else f"{made}\nThe file is {output}", as_json)
    raise typer.Exit(1 if any(one.is_fault for one in made.carried) else 0)


@owner_app.command("payouts")
def payouts(
    payout_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="Payout to look into.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write its file again, as it was made.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List payouts, or the statements that one pays; write its file again."""
    from pipelines.billing.owners.payouts import file_of
    from warehouse.query import write_rows
    from warehouse.readers.owners import payout_items
    from warehouse.readers.owners import payouts as listing

    if output is not None and payout_id is None:
        raise typer.BadParameter("Say which payout's file to write: kwhouse owner payouts ID -o FILE.")
    with opened_both(read_only=True) as (lake, engine):
        if output is not None and payout_id is not None:
            write_output(lake.settings, output, file_of(engine, payout_id))
            sys.stderr.write(f"{payout_id} in {output}\n")
            return
        rows = listing(lake) if payout_id is None else payout_items(lake, payout_id)
    write_rows(rows.columns, rows.rows(), "json" if as_json else "table", sys.stdout)


@owner_app.command("returned")
def returned(
    payout_id: Annotated[str, typer.Argument(metavar="PAYOUT", help="Payout that it was in.")],
    owner: Annotated[str | None, typer.Option(metavar="ID", help="Only this owner's transfer.")] = None,
    on: Annotated[
        date | None, typer.Option(parser=day_of, metavar="YYYY-MM-DD", help="Day it came back; default: today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say that transfers came back, or that the file never went to the bank: the next payout pays them."""
    from pipelines.billing.owners.payouts import take_back

    with opened_both(read_only=True) as (_lake, engine):
        statements = take_back(engine, payout_id, on or utc_now().date(), owner)
    print_result(
        {"payout_id": payout_id, "open_again": statements} if as_json else f"Open again: {', '.join(statements)}",
        as_json,
    )
