"""Which money is for what: transactions of a bank statement against open documents and our own direct debits. Pure.

In this order: our EndToEndId; a batch of ours booked in one sum; a document's number as EndToEndId or in the remittance
text; the only open amount of a known account. What is not certain is not guessed: it goes to the work list with
suggestions. Every cent of a transaction is in its moves or in `work_amount`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from pipelines.billing.bank.camt053 import Transaction
from pipelines.billing.bank.pain008 import batch_reference
from pipelines.billing.ledger.model import ZERO, Due

SUGGESTIONS = 5
# A shorter number, or digits alone, may stand in a text by chance: then the amount has to say the same.
TELLING_NUMBER = re.compile(r"(?=.*[A-Za-z].*)(?=.*\d).{5,}|\d{8,}")


@dataclass(frozen=True, slots=True)
class Item:
    """One direct debit of ours (`billing.collection_items`)."""

    collection_id: str
    document_id: str
    contract_id: str
    amount: Decimal
    end_to_end_id: str
    sequence_type: str
    state: Literal["sent", "paid", "returned"] = "sent"


@dataclass(frozen=True, slots=True)
class Move:
    """One movement that follows: for which contract, which documents in order, and which debit of ours it settles."""

    kind: Literal["payment", "chargeback"]
    contract_id: str
    amount: Decimal
    documents: tuple[str, ...] = ()
    item: Item | None = None

    @property
    def signed(self) -> Decimal:
        return self.amount if self.kind == "payment" else -self.amount


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A document that money on the work list may be for."""

    document_id: str
    number: str
    open: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one transaction: `work_amount` (signed) is what a person has to look at."""

    transaction: Transaction
    moves: tuple[Move, ...]
    work_amount: Decimal
    reason: str
    suggestions: tuple[Suggestion, ...] = ()


class Book:
    """What is open, for one operator; matched money is taken off, so that the next transaction sees the rest."""

    def __init__(
        self,
        dues: Iterable[Due],
        open_amounts: Mapping[str, Decimal],
        items: Iterable[Item] = (),
        ibans: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """`ibans`: by account, the contracts that pay from it."""
        self.dues = {due.document_id: due for due in dues if due.status == "issued"}
        self.open = {it: open_amounts.get(it, ZERO) for it in self.dues}
        self.items = {item.end_to_end_id: item for item in items}
        self.ibans = {iban: frozenset(contracts) for iban, contracts in (ibans or {}).items()}
        self._numbers: dict[str, set[str]] = defaultdict(set)
        self._by_amount: dict[Decimal, set[str]] = defaultdict(set)
        self._by_contract: dict[str, set[str]] = defaultdict(set)
        for it, due in self.dues.items():
            for name in {due.number, due.document_id}:
                self._numbers[_plain(name)].add(it)
            self._by_amount[self.open[it]].add(it)
            if due.contract_id is not None:
                self._by_contract[due.contract_id].add(it)
        self._joined: dict[str, set[str]] = defaultdict(set)
        for name in self._numbers:
            self._joined[name.replace(" ", "")].add(name)
        self._lengths = {len(joined) for joined in self._joined}

    def match(self, transaction: Transaction) -> Outcome:
        """Decide on one transaction and remember it."""
        outcome = self._outgoing(transaction) if transaction.amount < 0 else self._incoming(transaction)
        for move in outcome.moves:
            self._remember(move)
        return outcome

    def correct(self, open_amounts: Mapping[str, Decimal]) -> None:
        """Take what the ledger says over one's own reckoning."""
        for it, amount in open_amounts.items():
            self._by_amount[self.open[it]].discard(it)
            self.open[it] = amount
            self._by_amount[amount].add(it)

    def _remember(self, move: Move) -> None:
        if move.item is not None:
            state: Literal["paid", "returned"] = "paid" if move.kind == "payment" else "returned"
            self.items[move.item.end_to_end_id] = replace(move.item, state=state)
        left = move.signed
        for it in move.documents:
            part = min(left, max(self.open[it], ZERO)) if move.kind == "payment" else left
            self.correct({it: self.open[it] - part})
            left -= part

    def _outgoing(self, transaction: Transaction) -> Outcome:
        item = self.items.get(transaction.end_to_end_id or "")
        amount = -transaction.amount
        if item is None:
            return self._work(transaction, "money went out: none of our direct debits came back")
        if transaction.is_reversal or item.state != "paid":
            why = {"sent": "before the bank booked it", "returned": "a second time"}.get(item.state, "by a correction")
            return self._work(transaction, f"the direct debit of {item.document_id} came back {why}")
        if amount < item.amount:
            return self._work(transaction, f"only part of the direct debit of {item.document_id} came back")
        move = Move("chargeback", item.contract_id, item.amount, (item.document_id,), item)
        # A return costs, and many banks take amount and charge in one sum.
        charges = item.amount - amount
        code = transaction.return_reason or "no reason given"
        reason = f"the direct debit of {item.document_id} came back ({code})"
        return Outcome(transaction, (move,), charges, reason + ("; the rest is the bank's charge" if charges else ""))

    def _incoming(self, transaction: Transaction) -> Outcome:
        if transaction.amount == 0:
            return Outcome(transaction, (), ZERO, "no money moved")
        if transaction.is_reversal or transaction.is_return:
            return self._work(transaction, "money of ours came back")
        item = self.items.get(transaction.end_to_end_id or "")
        if item is not None:
            if item.state != "sent" or item.amount != transaction.amount:
                what = {"sent": f"brought {transaction.amount}, not {item.amount}", "paid": "was paid before"}
                return self._work(transaction, f"our direct debit {what.get(item.state, 'came back before')}", item)
            return Outcome(transaction, (_collected(item),), ZERO, f"our direct debit of {item.document_id}")
        batch = self._batch(transaction)
        if batch:
            if sum((it.amount for it in batch), ZERO) != transaction.amount:
                return self._work(transaction, f"{len(batch)} direct debits of ours, booked with another sum")
            return Outcome(transaction, tuple(map(_collected, batch)), ZERO, f"{len(batch)} direct debits in one sum")
        return self._by_number(transaction) or self._by_account(transaction)

    def _batch(self, transaction: Transaction) -> list[Item]:
        reference = transaction.batch_reference
        if reference is None or transaction.end_to_end_id is not None:
            return []
        sent = [item for item in self.items.values() if item.state == "sent"]
        return [
            item
            for item in sent
            if reference in (item.collection_id, batch_reference(item.collection_id, item.sequence_type))
        ]

    def _by_number(self, transaction: Transaction) -> Outcome | None:
        named = self._numbers.get(_plain(transaction.end_to_end_id or ""), set())
        how, doubtful = "as its reference", False
        if not named:
            named, doubtful = self._mentioned(transaction.remittance or "")
            how = "in its text"
        if not named:
            return None
        documents = sorted(named, key=lambda it: (self.dues[it].due_date, it))
        dues = [self.dues[it] for it in documents]
        numbers = ", ".join(due.number for due in dues)
        opened = sum((self.open[it] for it in documents), ZERO)
        contracts = {due.contract_id for due in dues}
        exact = opened == transaction.amount
        if doubtful or any(due.currency != transaction.currency or due.contract_id is None for due in dues):
            return self._work(transaction, f"{numbers} may be meant, or not")
        if any(self.open[it] < 0 for it in documents):
            return self._work(transaction, f"names {numbers}, among them a credit note that is still open")
        if not exact and not all(TELLING_NUMBER.fullmatch(due.number) for due in dues):
            return self._work(transaction, f"{numbers} may stand in its text by chance")
        if not exact and len(contracts) > 1:
            return self._work(transaction, f"names documents of several contracts ({numbers}), with another sum")
        if not exact and len(documents) > 1 and transaction.amount < opened:
            return self._work(transaction, f"is less than the sum of {numbers}")
        moves = tuple(self._payments(transaction, documents))
        rest = "" if transaction.amount <= opened else f"; {transaction.amount - opened} stay as credit"
        return Outcome(transaction, moves, ZERO, f"names {numbers} {how}{rest}")

    def _payments(self, transaction: Transaction, documents: Sequence[str]) -> Iterable[Move]:
        by_contract: dict[str, list[str]] = defaultdict(list)
        for it in documents:
            by_contract[self.dues[it].contract_id or ""].append(it)
        if len(by_contract) == 1:
            ((contract, mine),) = by_contract.items()
            yield Move("payment", contract, transaction.amount, tuple(mine))
            return
        for contract, mine in by_contract.items():
            amount = sum((self.open[it] for it in mine), ZERO)
            if amount > 0:
                yield Move("payment", contract, amount, tuple(mine))

    def _mentioned(self, text: str) -> tuple[set[str], bool]:
        """Documents whose number stands in the text; and whether line breaks of the bank make it doubtful."""
        spaced, joined = " ".join(text.upper().split()), "".join(text.upper().split())
        parts = {joined[at : at + length] for length in self._lengths for at in range(len(joined) - length + 1)}
        near = {name for part in parts & self._joined.keys() for name in self._joined[part]}
        loose = {name for name in near if _stands_in(name, spaced)}
        # Banks break lines where they like, also within a number.
        broken = {name for name in near if _stands_broken_in(name, spaced)}
        names = loose or broken
        doubtful = bool(loose) and not broken <= loose
        found = {it for name in (loose | broken if doubtful else names) for it in self._numbers[name]}
        return found, doubtful or any(len(self._numbers[name]) > 1 for name in names)

    def _by_account(self, transaction: Transaction) -> Outcome:
        contracts = self.ibans.get(transaction.counterparty_iban or "", frozenset())
        if len(contracts) != 1:
            who = "its account is used by several contracts" if contracts else "its account is not known"
            return self._work(transaction, f"names no document, and {who}")
        (contract,) = contracts
        same = [
            it
            for it in self._by_contract[contract] & self._by_amount[transaction.amount]
            if self.dues[it].currency == transaction.currency
        ]
        if len(same) != 1:
            how_many = "several" if same else "no"
            return self._work(transaction, f"names no document; {how_many} open amounts of contract {contract} fit")
        move = Move("payment", contract, transaction.amount, tuple(same))
        return Outcome(transaction, (move,), ZERO, f"from the account of contract {contract}, the only such amount")

    def _work(self, transaction: Transaction, reason: str, item: Item | None = None) -> Outcome:
        return Outcome(transaction, (), transaction.amount, reason, self._suggestions(transaction, item))

    def _suggestions(self, transaction: Transaction, item: Item | None) -> tuple[Suggestion, ...]:
        named, _ = self._mentioned(f"{transaction.remittance or ''} {transaction.end_to_end_id or ''}")
        of_account = {
            it for some in self.ibans.get(transaction.counterparty_iban or "", ()) for it in self._by_contract[some]
        }
        ways = [
            ("our direct debit", {item.document_id} & self.dues.keys() if item else set()),
            ("its number is named", named),
            ("open on the payer's contract", {it for it in of_account if self.open[it] > 0}),
            ("the same amount is open", self._by_amount[transaction.amount] if transaction.amount > 0 else set()),
        ]
        found: dict[str, Suggestion] = {}
        for why, documents in ways:
            for it in sorted(documents, key=lambda it: (self.dues[it].due_date, it)):
                found.setdefault(it, Suggestion(it, self.dues[it].number, self.open[it], why))
        return tuple(found.values())[:SUGGESTIONS]


def _collected(item: Item) -> Move:
    return Move("payment", item.contract_id, item.amount, (item.document_id,), item)


def _plain(name: str) -> str:
    return " ".join(name.upper().split())


def _stands_in(name: str, text: str) -> bool:
    """Whether `name` stands in `text` by itself: not within a longer number or word."""
    start = text.find(name) if name else -1
    while start >= 0:
        if _alone(text, start, start + len(name)):
            return True
        start = text.find(name, start + 1)
    return False


def _stands_broken_in(name: str, text: str) -> bool:
    """The same, with blanks anywhere in it."""
    pattern = " ?".join(map(re.escape, name.replace(" ", "")))
    return any(_alone(text, *found.span()) for found in re.finditer(pattern, text))


def _alone(text: str, start: int, end: int) -> bool:
    longer = re.match(r"[^\W_]|[-/.]?[0-9]|/M[0-9]", text[end : end + 3])
    return not text[start - 1 : start].isalnum() and not longer
