"""Bank statements: what is read, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.billing.bank.camt053 import Transaction, read
from pipelines.billing.bank.errors import StatementRefused
from tests.bank_statements import IBAN, Entry, Part, Statement, document

pytestmark = pytest.mark.fast

D = Decimal
FULL = Statement(
    "2026-231",
    [
        Entry("12.34", [Part(None, "E1", "Łódź & Co", "NL91ABNA0417164300", "Rechnung\n R-2026-1")]),
        Entry("30.00", [Part("10.00", "E2"), Part("20.00", "E3")]),
        Entry("-99.00", status="PDNG"),
        Entry("-13.34", [Part("13.34", "E4", iban="NL91ABNA0417164300", reason="AC04", charges="1.00")]),
        Entry("30.01", [Part("10.00", "E5"), Part("20.00", "E6")], batch="KW-1-RCUR"),
        Entry("55.00", [], batch="KW-1-FRST", count=3),
    ],
)


def statements(tmp_path: Path, content: bytes) -> list[object]:
    path = tmp_path / "statement.xml"
    path.write_bytes(content)
    return list(read(path))


@pytest.mark.parametrize("version", ["02", "08"])
def test_both_versions_say_the_same(tmp_path: Path, version: str) -> None:
    (found,) = statements(tmp_path, document(FULL, version=version))
    assert (found.iban, found.bank_statement_id, found.currency) == (IBAN, "2026-231", "EUR")
    assert (found.opening_balance, found.closing_balance, found.entries) == (D(1000), D("1114.01"), 5)
    first, second, third, back, odd, batch = found.transactions
    assert first == Transaction(
        D("12.34"),
        "EUR",
        date(2026, 11, 20),
        end_to_end_id="E1",
        counterparty="Łódź & Co",
        counterparty_iban="NL91ABNA0417164300",
        remittance="Rechnung\n R-2026-1",
    )
    assert [(row.amount, row.end_to_end_id) for row in (second, third)] == [(D(10), "E2"), (D(20), "E3")]
    assert (back.amount, back.return_reason, back.charges, back.is_return) == (D("-13.34"), "AC04", D(1), True)
    assert back.counterparty_iban == "NL91ABNA0417164300"
    # Details that do not add up to the entry are not used.
    assert (odd.amount, odd.end_to_end_id, odd.batch_reference) == (D("30.01"), None, "KW-1-RCUR")
    assert (batch.amount, batch.batch_reference, batch.transactions) == (D(55), "KW-1-FRST", 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (document(replace(FULL, closing="1114.00")), r"does not add up: 1000\.00 \+ 114\.01 .*differs by -0\.01 EUR"),
        (document(FULL)[:-40], "no well-formed XML"),
        (document(FULL, version="13"), r"it is camt\.053\.001\.13, not camt\.053\.001\.02"),
        (document(), "holds no statement"),
        (document(FULL).replace(b"<Cd>CLBD</Cd>", b"<Cd>XXXX</Cd>"), "lacks its opening or closing balance"),
        (document(FULL).replace(b">12.34<", b">NaN<"), "an amount reads 'NaN'"),
        (document(FULL).replace(b">12.34<", b">-12.34<"), "an amount reads '-12.34'"),
        (document(FULL).replace(b'<Amt Ccy="EUR">12.34', b'<Amt Ccy="NOK">12.34'), "mixes currencies: EUR, NOK"),
        (document(FULL).replace(b"<CdtDbtInd>CRDT", b"<CdtDbtInd>BOTH"), "neither credit nor debit"),
        (document(FULL).replace(b"<Dt>2026-11-20", b"<Dt>20.11.2026"), "Dt reads"),
        (b"<html/>", "no ISO 20022 message"),
        (b"", "no well-formed XML"),
    ],
)
def test_what_cannot_be_trusted_is_refused_whole(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(StatementRefused, match=why):
        statements(tmp_path, content)


@pytest.mark.parametrize(
    "declared",
    [
        b'<!DOCTYPE d [<!ENTITY a "x">]>',
        b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
)
def test_document_types_and_entities_are_refused(tmp_path: Path, declared: bytes) -> None:
    content = document(FULL).replace(b"<Document", declared + b"<Document", 1).replace(b"Someone", b"&a;", 1)
    with pytest.raises(StatementRefused, match=r"declares a document type|no well-formed XML"):
        statements(tmp_path, content)


def test_several_statements_and_pages_keep_their_own_ids(tmp_path: Path) -> None:
    paged = document(replace(FULL, number="7"), replace(FULL, number="8")).replace(
        b"<Id>7</Id>", b"<Id>7</Id><StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>"
    )
    found = statements(tmp_path, paged)
    assert [row.bank_statement_id for row in found] == ["7 page 1", "8"]
    assert [len(row.transactions) for row in found] == [6, 6]
