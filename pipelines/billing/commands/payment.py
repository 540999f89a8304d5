"""`kwhouse payment …`: money that comes and goes, what it pays, and whether amounts add up.

Personal data are printed by `work` and `dunning` only, for the person who asks.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.billing.commands.common import utc_now
from pipelines.billing.commands.page import payment_page
from warehouse.command_line import Json, day_of, print_json

if TYPE_CHECKING:
    import sqlalchemy as sa
    from _typeshed import DataclassInstance

    from pipelines.billing.ledger.model import Ledger, Posting
    from pipelines.billing.ledger.posting import Account, Told

payment_app = typer.Typer(
    help="Payments, refunds, direct debits, bank statements and dunning; whether amounts add up.", no_args_is_help=True
)
payment_app.command("page")(payment_page)


class Method(StrEnum):
    """The way money took."""

    card = "card"
    sepa_debit = "sepa_debit"
    bank_transfer = "bank_transfer"
    prepaid = "prepaid"
    upi = "upi"
    cash = "cash"


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is no amount; write it as 1234.50.") from None


Operator = Annotated[str, typer.Option(metavar="ID", help="Operator.")]
Amount = Annotated[Decimal, typer.Argument(parser=_amount, metavar="AMOUNT", help="Amount, e.g. 12.34.")]
On = Annotated[
    date | None, typer.Option("--on", parser=day_of, metavar="DAY", help="Day it counts from; default: today (UTC).")
]
Reference = Annotated[
    str, typer.Option("--reference", metavar="TEXT", help="Own reference; given again, nothing happens twice.")
]
Contract = Annotated[str | None, typer.Option(metavar="ID", help="Contract.")]
Note = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for others.")]
Documents = Annotated[
    list[str] | None, typer.Option("--document", metavar="NUMBER", help="Document; may be given several times.")
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="File to write; only you can read it.")]
Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="Entry, as `kwhouse payment work` names it.")]


def _engine() -> AbstractContextManager[sa.Engine]:
    from warehouse.settings import load_settings
    from warehouse.state import opened

    return opened(load_settings())


def _told(reference: str, on: date | None, note: str | None) -> Told:
    from pipelines.billing.ledger.posting import Told

    now = utc_now()
    return Told("manual", reference, on or now.date(), now, note=note)


def _print(result: object, as_json: bool, nothing: str = "") -> None:
    """One result or several: as JSON, or each in its own words."""
    if as_json:
        print_json(_plain(result))
    elif isinstance(result, Sequence):
        sys.stdout.write("".join(f"{row}\n" for row in result) or f"{nothing}\n")
    else:
        sys.stdout.write(f"{result}\n")


def _plain(result: object) -> Any:
    if isinstance(result, list | tuple):
        return [_plain(row) for row in result]
    return dataclasses.asdict(result) if dataclasses.is_dataclass(result) and not isinstance(result, type) else result


def _record(
    told: Told,
    kind: str,
    amount: Decimal | None,
    documents: list[str] | None,
    contract: str | None,
    as_json: bool,
    make: Callable[[Ledger, Account], Posting],
) -> None:
    from pipelines.billing.ledger import store
    from pipelines.billing.ledger.errors import LedgerError

    with _engine() as engine:
        with engine.connect() as connection:
            if documents:
                account = store.account_of(connection, documents[0])
            elif contract:
                account = store.contract_account(connection, contract)
            else:
                raise LedgerError("Say what it is for: --document NUMBER or --contract ID.")
        done = store.record(engine, account, told, kind, amount, lambda ledger: make(ledger, account))  # type: ignore[arg-type]
    _print(done, as_json)


@payment_app.command("record")
def record_payment(
    amount: Amount,
    method: Annotated[Method, typer.Option(help="The way it took.")],
    reference: Reference,
    document: Documents = None,
    contract: Contract = None,
    oldest: Annotated[bool, typer.Option("--oldest", help="Pay the contract's longest overdue invoices.")] = False,
    topup: Annotated[bool, typer.Option("--topup", help="For the contract's prepaid balance.")] = False,
    on: On = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Record money that came. What the documents do not need stays on the contract's credit."""
    from pipelines.billing.ledger import posting

    told = _told(reference, on, note)

    def make(ledger: Ledger, account: Account) -> Posting:
        if topup:
            return posting.top_up(account, told, amount, method.value)
        return posting.pay(ledger, account, told, amount, method.value, None if oldest else document or [])

    _record(told, "topup" if topup else "payment", amount, document, contract, as_json, make)


@payment_app.command("refund")
def refund_payment(
    amount: Amount,
    method: Annotated[Method, typer.Option(help="The way it goes; prepaid: from the prepaid balance.")],
    reference: Reference,
    contract: Contract = None,
    document: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Take it from what was paid on this document, which opens it.")
    ] = None,
    on: On = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Record money given back: from open credit notes and credit, or from a document."""
    from pipelines.billing.ledger import posting

    told = _told(reference, on, note)

    def make(ledger: Ledger, account: Account) -> Posting:
        return posting.refund(ledger, account, told, amount, method.value, document)

    _record(told, "refund", amount, [document] if document else None, contract, as_json, make)


@payment_app.command("write-off")
def write_off(
    document: Annotated[str, typer.Argument(metavar="NUMBER", help="Document.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for others.")],
    reference: Reference,
    amount: Annotated[
        Decimal | None, typer.Option(parser=_amount, metavar="AMOUNT", help="Default: all that is open.")
    ] = None,
    on: On = None,
    as_json: Json = False,
) -> None:
    """Give a claim up."""
    from pipelines.billing.ledger import posting

    told = _told(reference, on, reason)

    def make(ledger: Ledger, account: Account) -> Posting:
        return posting.write_off(ledger, account, told, document, amount)

    _record(told, "write_off", amount, [document], None, as_json, make)


@payment_app.command("settle")
def settle(operator: Annotated[str | None, typer.Option(metavar="ID")] = None, as_json: Json = False) -> None:
    """Set off credit notes and credit against open invoices."""
    from pipelines.billing.ledger import settling, store

    now = utc_now()
    with _engine() as engine, store.writing(engine) as connection:
        done = settling.settle(connection, operator, now.date(), now)
    _print(done, as_json, "Nothing to set off.")


@payment_app.command("balance")
def show_balance(contract: Contract = None, as_json: Json = False) -> None:
    """What is claimed, paid, given back, written off and open: by contract, with --contract by document.

    Sessions without a contract are listed while something is open or left over; --json lists all.
    """
    from pipelines.billing.ledger import balance, store
    from pipelines.billing.ledger.ad_hoc import is_ad_hoc

    with _engine() as engine, engine.connect() as connection:
        ledger = store.read(connection, contracts=None if contract is None else [contract])
    contracts = balance.contracts(ledger)
    if as_json:
        both = {"contracts": _plain(contracts), "documents": _plain(balance.documents(ledger) if contract else [])}
        print_json(both)
        return
    settled = (
        [] if contract else [row for row in contracts if is_ad_hoc(row.contract_id) and row.owed == row.credit == 0]
    )
    _table(balance.ContractBalance, [row for row in contracts if row not in settled])
    if contract:
        _table(balance.DocumentBalance, balance.documents(ledger))


def _table(kind: type[DataclassInstance], rows: Sequence[DataclassInstance]) -> None:
    from warehouse.query import write_rows

    names = [field.name for field in dataclasses.fields(kind)]
    write_rows(names, [dataclasses.astuple(row) for row in rows], "table", sys.stdout)


@payment_app.command("check")
def check(as_json: Json = False) -> None:
    """Whether all amounts add up, here, with the bank and the card provider; exit status 1 where they do not."""
    from pipelines.billing.bank import worklist
    from pipelines.billing.cards import booking
    from pipelines.billing.ledger import balance, store

    with _engine() as engine, engine.connect() as connection:
        ledger = store.read(connection)
        found = [*balance.check(ledger), *worklist.check(connection), *booking.check(connection)]
    _print(found, as_json, "All amounts add up.")
    if found:
        raise typer.Exit(1)


@payment_app.command("dunning")
def dunning(
    on: On = None,
    operator: Annotated[str | None, typer.Option(metavar="ID", help="Only this operator.")] = None,
    take: Annotated[bool, typer.Option("--take", help="Take the steps and keep their letters.")] = False,
    as_json: Json = False,
) -> None:
    """List the dunning steps that are due, or take them. Nothing is sent."""
    from pipelines.billing.ledger import dunning_book

    day = on or utc_now().date()
    with _engine() as engine:
        if take:
            steps = dunning_book.take(engine, day, operator)
        else:
            with engine.connect() as connection:
                steps = dunning_book.due_steps(connection, day, operator)
    _print(steps, as_json, "No step is due.")


@payment_app.command("dispute")
def dispute(
    document: Annotated[str, typer.Argument(metavar="NUMBER", help="Invoice.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What is disputed, or how it ended.")],
    resume: Annotated[bool, typer.Option("--resume", help="The dispute has ended: dunning goes on.")] = False,
    on: On = None,
) -> None:
    """Pause dunning and collection of a disputed invoice, or resume them."""
    from pipelines.billing.ledger import dunning_book

    with _engine() as engine:
        dunning_book.mark(engine, document, on or utc_now().date(), paused=not resume, note=reason)
    sys.stdout.write(f"{document}: dunning {'resumed' if resume else 'paused'}\n")


@payment_app.command("dunning-policy")
def dunning_policy(
    operator: Operator,
    currency: Annotated[str, typer.Option(metavar="CODE", help="Currency of the fees.")],
    step: Annotated[
        list[str],
        typer.Option(metavar="STEP:WAIT:RESPITE:FEE", help="e.g. reminder_2:14:10:5.00; days, days, amount. In order."),
    ],
) -> None:
    """Say how an operator reminds: the steps, days to wait for each, days given to pay, and fees."""
    from pipelines.billing.ledger import dunning_book
    from pipelines.billing.ledger.dunning import PolicyStep
    from warehouse.contract.ledger import DUNNING_STEPS

    policy = []
    for text in step:
        name, *rest = text.split(":")
        if name not in DUNNING_STEPS or len(rest) != 3 or not (rest[0].isdigit() and rest[1].isdigit()):
            raise typer.BadParameter(f"{text!r}: write STEP:WAIT:RESPITE:FEE, STEP one of {', '.join(DUNNING_STEPS)}.")
        policy.append(PolicyStep(name, int(rest[0]), int(rest[1]), _amount(rest[2])))  # type: ignore[arg-type]
    with _engine() as engine:
        dunning_book.set_policy(engine, operator, currency, tuple(policy))
    sys.stdout.write(f"{operator}, {currency}: {len(policy)} steps\n")


@payment_app.command("import-statement")
def import_statement(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Bank statements, camt.053.")],
    as_json: Json = False,
) -> None:
    """Read bank statements, book what is certain, and put the rest on the work list; each statement once."""
    from pipelines.billing.bank import importing

    with _engine() as engine:
        reports = importing.import_files(engine, files, utc_now())
    _print(reports, as_json)


@payment_app.command("work")
def work(as_json: Json = False) -> None:
    """List the bank's entries that a person has to look at, with suggestions."""
    from pipelines.billing.bank import worklist

    with _engine() as engine, engine.connect() as connection:
        rows = worklist.listing(connection)
    _print(rows, as_json, "Nothing waits.")


@payment_app.command("assign")
def assign(
    entry: Entry,
    document: Documents = None,
    contract: Contract = None,
    prepaid: Annotated[bool, typer.Option("--prepaid", help="For the contract's prepaid balance.")] = False,
    takes_back: Annotated[
        str | None, typer.Option(metavar="PAYMENT", help="For money that went out: the payment that it took back.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what an entry of the work list is for."""
    from pipelines.billing.bank import worklist

    with _engine() as engine:
        if takes_back is not None:
            done = worklist.take_back(engine, entry, takes_back, utc_now())
        else:
            done = worklist.assign(
                engine, entry, utc_now(), documents=document or [], contract=contract, prepaid=prepaid
            )
    _print(done, as_json)


@payment_app.command("close-entry")
def close_entry(entry: Entry, note: Annotated[str, typer.Option(metavar="TEXT", help="What it is.")]) -> None:
    """Say that an entry of the work list concerns no contract: a bank's charge, a payout."""
    from pipelines.billing.bank import worklist

    with _engine() as engine:
        worklist.close(engine, entry, note)
    sys.stdout.write(f"{entry} is closed\n")


@payment_app.command("collect")
def collect(
    operator: Operator,
    output: Output,
    on: On = None,
    retry: Annotated[bool, typer.Option("--retry", help="Also what came back before.")] = False,
    as_json: Json = False,
) -> None:
    """Make a direct debit file (pain.008) of what is due by a day and paid by direct debit."""
    from pipelines.billing.bank import collecting

    now = utc_now()
    with _engine() as engine:
        _refuse(output)
        made = collecting.collect(engine, operator, on or now.date(), now, retry=retry)
        _write(output, collecting.file_of(engine, made.collection_id))
    _print(made, as_json)


@payment_app.command("collection-file")
def collection_file(
    collection: Annotated[str, typer.Argument(metavar="ID", help="Collection.")], output: Output
) -> None:
    """Write the file of a collection again, as it was made."""
    from pipelines.billing.bank import collecting

    with _engine() as engine:
        _refuse(output)
        _write(output, collecting.file_of(engine, collection))
    sys.stdout.write(f"{output}\n")


@payment_app.command("cancel-collection")
def cancel_collection(
    collection: Annotated[str, typer.Argument(metavar="ID", help="Collection that never went to the bank.")],
) -> None:
    """Take a collection back that never went to the bank: its invoices can be collected again."""
    from pipelines.billing.bank import collecting

    with _engine() as engine:
        number = collecting.cancel(engine, collection, utc_now().date())
    sys.stdout.write(f"{collection}: {number} direct debits taken back\n")


def _refuse(target: Path) -> None:
    from warehouse.errors import InputError
    from warehouse.files import refuse_own
    from warehouse.settings import load_settings

    refuse_own(target, load_settings())
    # Before anything is recorded: a collection whose file cannot be written is no use.
    if not target.parent.is_dir() or target.is_dir():
        raise InputError(f"{target} cannot be written: name a file in a folder that exists.")


def _write(target: Path, content: bytes) -> None:
    from warehouse.files import whole_file

    with whole_file(target, private=True) as path:
        path.write_bytes(content)
