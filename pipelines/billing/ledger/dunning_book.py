"""Dunning in the state database: policies of operators, the steps that are due, and every step taken."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

import sqlalchemy as sa

from pipelines.billing.ledger import store
from pipelines.billing.ledger.ad_hoc import is_ad_hoc
from pipelines.billing.ledger.dunning import DEFAULT_POLICY, Action, Policy, PolicyStep, Taken, next_action
from pipelines.billing.ledger.errors import LedgerError
from pipelines.billing.ledger.letters import Language, Letter, letter
from pipelines.billing.ledger.model import ZERO, Due, Ledger, checked_amount
from pipelines.billing.ledger.posting import Told, set_off
from pipelines.billing.ledger.settling import by_account
from warehouse.contract.ledger import DUNNING_STEPS
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step that is due or was taken, with its letter. Nothing is sent here."""

    contract_id: str | None
    currency: str
    action: Action
    letter: Letter

    def __str__(self) -> str:
        fee = f", fee {self.action.fee} {self.currency}" if self.action.fee else ""
        return (
            f"{self.action.document_id}: {self.action.step}, open {self.action.open_amount} {self.currency}{fee}, "
            f"to pay by {self.action.pay_by}"
        )


def set_policy(engine: sa.Engine, operator_id: str, currency: str, policy: Policy) -> None:
    """Put an operator's policy in the place of the one before; steps in the order of `DUNNING_STEPS`."""
    order = [DUNNING_STEPS.index(it.step) for it in policy]
    if order != sorted(set(order)):
        raise LedgerError(f"A policy has each step once at most, in the order {', '.join(DUNNING_STEPS)}.")
    for it in policy:
        if it.wait_days < 0 or it.respite_days < 0:
            raise LedgerError(f"{it.step}: days are 0 or more.")
        if it.fee:
            checked_amount(it.fee, currency)
    rows = table("billing", "dunning_policies")
    with store.writing(engine) as connection:
        connection.execute(sa.delete(rows).where(rows.c.operator_id == operator_id, rows.c.currency == currency))
        for it in policy:
            connection.execute(
                sa.insert(rows).values(
                    operator_id=operator_id,
                    currency=currency,
                    step=it.step,
                    wait_days=it.wait_days,
                    respite_days=it.respite_days,
                    fee=it.fee,
                )
            )


def policy_of(connection: sa.Connection, operator_id: str, currency: str) -> Policy:
    """The operator's policy; `DEFAULT_POLICY` where it has set none for the currency."""
    rows = table("billing", "dunning_policies")
    query = sa.select(rows).where(rows.c.operator_id == operator_id, rows.c.currency == currency)
    found = [
        PolicyStep(row["step"], row["wait_days"], row["respite_days"], row["fee"])
        for row in connection.execute(query).mappings()
    ]
    return tuple(sorted(found, key=lambda it: DUNNING_STEPS.index(it.step))) or DEFAULT_POLICY


def due_steps(connection: sa.Connection, on: date, operator_id: str | None = None) -> list[StepTaken]:
    """Every step that is due on a day, with its letter; takes none."""
    ledger = store.read(connection, operator_id=operator_id)
    covered = _covered(ledger, on)
    taken = _taken(connection)
    collected = _under_way(connection)
    senders = _senders(connection)
    policies: dict[tuple[str, str], Policy] = {}
    found = []
    for due in ledger.dues:
        # Who paid for one session at the station left no address: there is nobody to write to.
        if due.kind != "invoice" or due.document_id in collected or is_ad_hoc(due.contract_id):
            continue
        key = (due.operator_id, due.currency)
        if key not in policies:
            policies[key] = policy_of(connection, *key)
        steps = taken[due.document_id]
        action = next_action(
            due, ledger.open(due.document_id) - covered.get(due.document_id, ZERO), steps, policies[key], on
        )
        if action is not None:
            name, language = senders.get(due.operator_id, (due.operator_id, "en"))
            text = letter(due, action, language, name, _open_fees(ledger, due))
            found.append(StepTaken(due.contract_id, due.currency, action, text))
    return found


def take(engine: sa.Engine, on: date, operator_id: str | None = None) -> list[StepTaken]:
    """Take every step that is due on a day and keep it, each once whoever runs at the same time."""
    with store.writing(engine) as connection:
        steps = due_steps(connection, on, operator_id)
        operators = {due.document_id: due.operator_id for due in store.read(connection, operator_id=operator_id).dues}
        for it in steps:
            connection.execute(
                sa.insert(table("billing", "dunning")).values(
                    document_id=it.action.document_id,
                    step_no=it.action.step_no,
                    operator_id=operators[it.action.document_id],
                    contract_id=it.contract_id,
                    step=it.action.step,
                    taken_on=on,
                    pay_by=it.action.pay_by,
                    open_amount=it.action.open_amount,
                    fee=it.action.fee,
                    currency=it.currency,
                    language=it.letter.language,
                    subject=it.letter.subject,
                    body=it.letter.body,
                )
            )
    return steps


def mark(engine: sa.Engine, document: str, on: date, *, paused: bool, note: str) -> None:
    """Pause dunning on an invoice (it is disputed), or resume it."""
    with store.writing(engine) as connection:
        account = store.account_of(connection, document)
        steps = _taken(connection)[document]
        last = [row.step for row in steps if row.step in ("paused", "resumed")][-1:] or ["resumed"]
        wanted = "paused" if paused else "resumed"
        if last == [wanted]:
            raise LedgerError(f"Dunning of {document} is {'paused already' if paused else 'not paused'}.")
        ledger = store.read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
        connection.execute(
            sa.insert(table("billing", "dunning")).values(
                document_id=document,
                step_no=max((row.step_no for row in steps), default=0) + 1,
                operator_id=account.operator_id,
                contract_id=account.contract_id,
                step=wanted,
                taken_on=on,
                open_amount=ledger.open(document),
                fee=ZERO,
                currency=account.currency,
                note=note,
            )
        )


def _taken(connection: sa.Connection) -> defaultdict[str, list[Taken]]:
    rows = table("billing", "dunning")
    found: defaultdict[str, list[Taken]] = defaultdict(list)
    for row in connection.execute(sa.select(rows).order_by(rows.c.document_id, rows.c.step_no)).mappings():
        found[row["document_id"]].append(Taken(row["step_no"], row["step"], row["taken_on"], row["fee"]))
    return found


def _under_way(connection: sa.Connection) -> set[str]:
    # Who has let us collect is not reminded while the bank has the debit.
    rows = table("billing", "collection_items")
    return set(connection.execute(sa.select(rows.c.document_id).where(rows.c.state == "sent")).scalars())


def _senders(connection: sa.Connection) -> dict[str, tuple[str, Language]]:
    rows = table("registry", "operators")
    return {
        row["operator_id"]: (row["name"], "de" if row["language"] == "de" else "en")
        for row in connection.execute(sa.select(rows)).mappings()
    }


def _covered(ledger: Ledger, on: date) -> dict[str, Decimal]:
    """By document, what the contract's credit and credit notes would pay of it: nobody is reminded of that."""
    told = Told("kwhouse", "not written", on, datetime.combine(on, time(), UTC))
    found: dict[str, Decimal] = {}
    for account, mine in by_account(ledger).items():
        posting = set_off(mine, account, told)
        found |= {row.document_id: row.amount for row in posting.allocations} if posting else {}
    return found


def _open_fees(ledger: Ledger, due: Due) -> Decimal:
    fees = (it for it in ledger.dues if it.kind == "fee" and it.document_id.startswith(f"{due.document_id}/dunning-"))
    return sum((ledger.open(it.document_id) for it in fees), ZERO)


def paused(connection: sa.Connection) -> set[str]:
    """Invoices whose dunning is paused: they are disputed, and not collected either."""
    rows = table("billing", "dunning")
    query = sa.select(rows).where(rows.c.step.in_(("paused", "resumed"))).order_by(rows.c.document_id, rows.c.step_no)
    last = {row["document_id"]: row["step"] for row in connection.execute(query).mappings()}
    return {document for document, step in last.items() if step == "paused"}
