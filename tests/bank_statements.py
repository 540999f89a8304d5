"""Bank statements as banks write them (camt.053), in two versions of the message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

IBAN = "DE89370400440532013000"


@dataclass(frozen=True)
class Part:
    """One transaction within an entry; `amount` unsigned."""

    amount: str | None = None
    end_to_end_id: str | None = None
    name: str = "Someone"
    iban: str | None = None
    text: str | None = None
    reason: str | None = None
    charges: str | None = None


@dataclass(frozen=True)
class Entry:
    """One entry; `amount` signed, several `parts` make it a batch."""

    amount: str
    parts: Sequence[Part] = (Part(),)
    booked_on: date = date(2026, 11, 20)
    status: str = "BOOK"
    batch: str | None = None
    count: int | None = None
    reversal: bool = False


@dataclass(frozen=True)
class Statement:
    """One statement; the closing balance follows from the entries unless given."""

    number: str
    entries: Sequence[Entry] = field(default_factory=list)
    opening: str = "1000.00"
    closing: str | None = None
    iban: str = IBAN
    currency: str = "EUR"
    day: date = date(2026, 11, 20)


def document(*statements: Statement, version: str = "08") -> bytes:
    """The XML of one file."""
    inner = "".join(_statement(it, version) for it in statements)
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-20T20:00:00</CreDtTm></GrpHdr>{inner}"
        "</BkToCstmrStmt></Document>"
    ).encode()


def _statement(it: Statement, version: str) -> str:
    booked = sum((Decimal(entry.amount) for entry in it.entries if entry.status == "BOOK"), Decimal(0))
    closing = Decimal(it.opening) + booked if it.closing is None else Decimal(it.closing)
    return (
        f"<Stmt><Id>{it.number}</Id><CreDtTm>2026-11-20T20:00:00</CreDtTm><Acct><Id><IBAN>{it.iban}</IBAN></Id></Acct>"
        + _balance("OPBD", Decimal(it.opening), it)
        + _balance("CLBD", closing, it)
        + "".join(_entry(entry, it.currency, version) for entry in it.entries)
        + "</Stmt>"
    )


def _balance(code: str, amount: Decimal, it: Statement) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount, it.currency)}"
        f"<Dt><Dt>{it.day}</Dt></Dt></Bal>"
    )


def _amount(amount: Decimal, currency: str) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{abs(amount)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _entry(it: Entry, currency: str, version: str) -> str:
    status = it.status if version == "02" else f"<Cd>{it.status}</Cd>"
    batch = ""
    if it.batch or it.count:
        named = f"<PmtInfId>{it.batch}</PmtInfId>" if it.batch else ""
        counted = f"<NbOfTxs>{it.count}</NbOfTxs>" if it.count else ""
        batch = f"<Btch>{named}{counted}</Btch>"
    details = batch + "".join(_part(part, it, currency, version) for part in it.parts)
    return (
        f"<Ntry>{_amount(Decimal(it.amount), currency)}{'<RvslInd>true</RvslInd>' if it.reversal else ''}"
        f"<Sts>{status}</Sts><BookgDt><Dt>{it.booked_on}</Dt></BookgDt><BkTxCd/>"
        + (f"<NtryDtls>{details}</NtryDtls>" if details else "")
        + "</Ntry>"
    )


def _part(part: Part, entry: Entry, currency: str, version: str) -> str:
    came = Decimal(entry.amount) > 0
    refs = f"<Refs><EndToEndId>{part.end_to_end_id or 'NOTPROVIDED'}</EndToEndId></Refs>"
    amount = ""
    if part.amount is not None:
        money = f'<Amt Ccy="{currency}">{part.amount}</Amt>'
        side = f"<CdtDbtInd>{'CRDT' if came else 'DBIT'}</CdtDbtInd>"
        amount = f"<AmtDtls><TxAmt>{money}</TxAmt></AmtDtls>" if version == "02" else money + side
    charges = ""
    if part.charges is not None:
        money = f'<Amt Ccy="{currency}">{part.charges}</Amt>'
        charges = f"<Chrgs>{money if version == '02' else f'<Rcrd>{money}</Rcrd>'}</Chrgs>"
    side = "Dbtr" if came != bool(part.reason) else "Cdtr"
    name = f"<Nm>{escape(part.name)}</Nm>"
    party = f"<{side}>{name if version == '02' else f'<Pty>{name}</Pty>'}</{side}>"
    account = f"<{side}Acct><Id><IBAN>{part.iban}</IBAN></Id></{side}Acct>" if part.iban else ""
    text = f"<RmtInf><Ustrd>{escape(part.text)}</Ustrd></RmtInf>" if part.text else ""
    reason = f"<RtrInf><Rsn><Cd>{part.reason}</Cd></Rsn></RtrInf>" if part.reason else ""
    return f"<TxDtls>{refs}{amount}{charges}<RltdPties>{party}{account}</RltdPties>{text}{reason}</TxDtls>"
