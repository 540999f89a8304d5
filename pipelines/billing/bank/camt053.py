"""Bank statements: camt.053.001.02 and .08 (ISO 20022 BankToCustomerStatement), read as a stream.

One `Transaction` comes of each booked entry, or of each transaction of a batch whose details add up to it. A statement
whose balances do not follow from its entries is refused whole. XML of strangers: no DTD, no entities, no network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lxml import etree

from pipelines.billing.bank.errors import StatementRefused

# .04 and .06 say what these two say, in the same places; later ones have not been tried.
VERSIONS = ("02", "04", "06", "08")
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
# Banks write these where nothing was given.
_NOTHING = ("", "NOTPROVIDED", "NONREF")
_BATCH_REFERENCES = (
    ("NtryDtls", "Btch", "PmtInfId"),
    ("NtryDtls", "Btch", "MsgId"),
    ("NtryDtls", "TxDtls", "Refs", "PmtInfId"),
    ("NtryDtls", "TxDtls", "Refs", "MsgId"),
)


@dataclass(frozen=True, slots=True)
class Transaction:
    """Money that came (`amount` above 0) or went, with what the bank says of it."""

    amount: Decimal
    currency: str
    booked_on: date
    bank_reference: str | None = None
    end_to_end_id: str | None = None
    batch_reference: str | None = None  # PmtInfId of our file, or its MsgId
    mandate_id: str | None = None
    counterparty: str | None = None
    counterparty_iban: str | None = None
    remittance: str | None = None
    return_reason: str | None = None
    is_return: bool = False
    is_reversal: bool = False
    charges: Decimal = Decimal(0)
    transactions: int = 1  # how many the bank booked in one sum without telling them apart


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of one account, with its booked transactions in the bank's order."""

    iban: str
    bank_statement_id: str
    currency: str
    opening_balance: Decimal
    closing_balance: Decimal
    opened_on: date
    closed_on: date
    entries: int
    transactions: tuple[Transaction, ...]

    @property
    def content_sha256(self) -> str:
        """The same for the same content, however the bank indents it."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def read(path: Path) -> Iterator[Statement]:
    """The statements of a file, one after the other; `StatementRefused` says what is wrong with it.

    Memory holds one statement at a time.
    """
    name = path.name
    # huge_tree stays off: libxml2 then limits depth and the length of texts.
    options: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    try:
        with path.open("rb") as file:
            yield from _statements(etree.iterparse(file, events=("start", "end"), **options), name)
    except etree.XMLSyntaxError as error:
        raise StatementRefused(name, f"it is no well-formed XML ({error.msg})") from None


def _statements(events: Any, name: str) -> Iterator[Statement]:
    found: list[Transaction] = []
    entries, depth, seen = 0, 0, False
    for event, node in events:
        if depth == 0 and event == "start":
            _check_root(node, name)
        depth += 1 if event == "start" else -1
        tag = _tag(node)
        if event == "start":
            continue
        if tag == "Ntry":
            if _status(node) == "BOOK":
                entries += 1
                found += _transactions(node, name)
            # What was read is let go: the entry's content now, the empty entry before it from its parent.
            node.clear()
            before = node.getprevious()
            if before is not None and _tag(before) == "Ntry":
                node.getparent().remove(before)
        elif tag == "Stmt":
            seen = True
            yield _statement(node, found, entries, name)
            found, entries = [], 0
            node.clear()
    if not seen:
        raise StatementRefused(name, "it holds no statement")


def _check_root(node: Any, name: str) -> None:
    if node.getroottree().docinfo.doctype:
        raise StatementRefused(name, "it declares a document type, which no bank does")
    namespace = etree.QName(node).namespace or ""
    if not namespace.startswith(_NAMESPACE) or namespace.removeprefix(_NAMESPACE) not in VERSIONS:
        known = ", ".join(f"camt.053.001.{version}" for version in VERSIONS)
        raise StatementRefused(name, f"it is {namespace.rpartition(':')[2] or 'no ISO 20022 message'}, not {known}")


def _statement(node: Any, transactions: Sequence[Transaction], entries: int, name: str) -> Statement:
    iban = _text(node, "Acct", "Id", "IBAN")
    own_id = _text(node, "Id")
    if iban is None or own_id is None:
        raise StatementRefused(name, "a statement names no IBAN or has no id")
    page = _text(node, "StmtPgntn", "PgNb")
    last = _text(node, "StmtPgntn", "LastPgInd")
    label = own_id if page is None or (page == "1" and last == "true") else f"{own_id} page {page}"
    balances = [(_text(it, "Tp", "CdOrPrtry", "Cd"), *_balance(it, name)) for it in _children(node, "Bal")]
    opening = _first(balances, ("OPBD", "PRCD")) or next((it for it in balances if it[0] == "ITBD"), None)
    closing = _first(balances, ("CLBD",)) or next((it for it in reversed(balances) if it[0] == "ITBD"), None)
    if opening is None or closing is None or opening is closing:
        raise StatementRefused(name, f"statement {label} lacks its opening or closing balance")
    currencies = {opening[2], closing[2], *(row.currency for row in transactions)}
    if len(currencies) > 1:
        raise StatementRefused(name, f"statement {label} mixes currencies: {', '.join(sorted(currencies))}")
    moved = sum((row.amount for row in transactions), Decimal(0))
    if opening[1] + moved != closing[1]:
        raise StatementRefused(
            name,
            f"statement {label} does not add up: {opening[1]} + {moved} of entries is not {closing[1]} "
            f"(it differs by {closing[1] - opening[1] - moved} {closing[2]})",
        )
    return Statement(
        iban.replace(" ", "").upper(),
        label,
        closing[2],
        opening[1],
        closing[1],
        opening[3],
        closing[3],
        entries,
        tuple(transactions),
    )


def _first(balances: Sequence[tuple[str | None, Decimal, str, date]], codes: Sequence[str]) -> Any:
    return next((it for code in codes for it in balances if it[0] == code), None)


def _balance(node: Any, name: str) -> tuple[Decimal, str, date]:
    amount, currency = _amount(node.find("{*}Amt"), name)
    return _signed(node, amount, name), currency, _date(node, "Dt", name)


def _transactions(entry: Any, name: str) -> list[Transaction]:
    amount, currency = _amount(entry.find("{*}Amt"), name)
    total, booked = _signed(entry, amount, name), _date(entry, "BookgDt", name)
    details = list(entry.iterfind("{*}NtryDtls/{*}TxDtls"))
    if len(details) <= 1:
        return [_one(entry, details[0] if details else None, total, currency, booked, name)]
    amounts = [_detail_amount(it, entry, currency, name) for it in details]
    known = [it for it in amounts if it is not None]
    if len(known) < len(details) or sum(known) != total:
        # Details that do not add up are no basis: the sum stays one transaction.
        return [_one(entry, None, total, currency, booked, name)]
    return [_one(entry, it, part, currency, booked, name) for it, part in zip(details, known, strict=True)]


def _one(entry: Any, details: Any, amount: Decimal, currency: str, booked: date, name: str) -> Transaction:
    node = entry if details is None else details
    # Who is at the other end: the debtor of money that came, the creditor of money that went; a return turns it round,
    # and banks differ in whether they turn the parties with it, so the account itself is never asked for.
    is_return = node.find(".//{*}RtrInf") is not None or _text(entry, "BkTxCd", "Domn", "Fmly", "SubFmlyCd") in (
        "RRTN",
        "UPDD",
        "PRDD",
    )
    side = "Dbtr" if (amount > 0) != is_return else "Cdtr"
    count = _text(entry, "NtryDtls", "Btch", "NbOfTxs")
    texts = [it.text.strip() for it in node.iterfind(".//{*}RmtInf/{*}Ustrd") if it.text]
    texts += [it.text.strip() for it in node.iterfind(".//{*}RmtInf/{*}Strd/{*}CdtrRefInf/{*}Ref") if it.text]
    return Transaction(
        amount,
        currency,
        booked,
        _given(_text(node, "Refs", "AcctSvcrRef") or _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef")),
        _given(_text(node, "Refs", "EndToEndId")),
        next((it for path in _BATCH_REFERENCES if (it := _given(_text(entry, *path)))), None),
        _given(_text(node, "Refs", "MndtId")),
        _text(node, "RltdPties", side, "Nm") or _text(node, "RltdPties", side, "Pty", "Nm"),
        _text(node, "RltdPties", f"{side}Acct", "Id", "IBAN"),
        " ".join(texts) or None,
        _text(node, "RtrInf", "Rsn", "Cd") or _text(node, "RtrInf", "Rsn", "Prtry"),
        is_return,
        _text(entry, "RvslInd") == "true",
        _charges(node, currency, name),
        1 if details is not None or count is None or not count.isdigit() else int(count),
    )


def _detail_amount(details: Any, entry: Any, currency: str, name: str) -> Decimal | None:
    """The signed amount of one transaction of a batch in the account's currency; None where the bank says none."""
    for path in ("{*}Amt", "{*}AmtDtls/{*}TxAmt/{*}Amt", "{*}AmtDtls/{*}InstdAmt/{*}Amt"):
        node = details.find(path)
        if node is not None and node.get("Ccy") == currency:
            amount = _amount(node, name)[0]
            return _signed(details if details.find("{*}CdtDbtInd") is not None else entry, amount, name)
    return None


def _charges(node: Any, currency: str, name: str) -> Decimal:
    """What the bank took for it, within the amount: `Chrgs/Amt` (.02) or `Chrgs/Rcrd/Amt` (since .04)."""
    found = [*node.iterfind("{*}Chrgs/{*}Amt"), *node.iterfind("{*}Chrgs/{*}Rcrd/{*}Amt")]
    return sum((_amount(it, name)[0] for it in found if it.get("Ccy") == currency), Decimal(0))


def _amount(node: Any, name: str) -> tuple[Decimal, str]:
    text, currency = ("", "") if node is None else ((node.text or "").strip(), node.get("Ccy") or "")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise StatementRefused(name, f"an amount reads {text!r}") from None
    if not currency or not amount.is_finite() or amount < 0:
        raise StatementRefused(name, f"an amount reads {text!r} {currency or 'without a currency'}")
    return amount, currency


def _signed(node: Any, amount: Decimal, name: str) -> Decimal:
    side = _text(node, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise StatementRefused(name, f"an amount of {amount} is neither credit nor debit ({side})")
    return amount if side == "CRDT" else -amount


def _status(entry: Any) -> str | None:
    return _text(entry, "Sts", "Cd") or _text(entry, "Sts")


def _date(node: Any, part: str, name: str) -> date:
    text = _text(node, part, "Dt") or _text(node, part, "DtTm") or ""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise StatementRefused(name, f"a {part} reads {text!r}") from None


def _text(node: Any, *path: str) -> str | None:
    found = node.find("/".join("{*}" + part for part in path))
    text = None if found is None or found.text is None else " ".join(found.text.split())
    return text or None


def _given(text: str | None) -> str | None:
    return None if text is None or text.upper() in _NOTHING else text


def _children(node: Any, name: str) -> list[Any]:
    return list(node.iterfind("{*}" + name))


def _tag(node: Any) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""
