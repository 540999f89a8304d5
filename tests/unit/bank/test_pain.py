"""Direct debits and transfers: what is in the file, what is left out and why."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
import sepaxml
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pipelines.billing.bank.errors import BankDataRefused, NothingToSend
from pipelines.billing.bank.pain001 import Debtor, Payout, pay_out
from pipelines.billing.bank.pain008 import Claim, Creditor, Mandate, collect, collection_date
from pipelines.billing.bank.sepa_text import ALLOWED, sepa_text

pytestmark = pytest.mark.fast

D = Decimal
TODAY = date(2026, 11, 24)
CREDITOR = Creditor("Müller & Söhne Ladestrom GmbH", "DE89 3704 0044 0532 0130 00", "DE98ZZZ09999999999", "COBADEFFXXX")
MANDATE = Mandate("M-1", "NL91ABNA0417164300", "Łukasz O’Größe", date(2026, 1, 1))
CLAIM = Claim("R-2026-1", "c1", D("12.34"), "EUR", "Rechnung R-2026-1", MANDATE)


@cache
def schema_of(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(sepaxml.__file__).parent / "schemas" / f"{name}.xsd")


def valid(xml: bytes, schema: str) -> etree._Element:
    """Checked by another validator than the one that made it."""
    schema_of(schema).validate(xml.decode())
    return etree.fromstring(xml)


def texts(root: etree._Element, name: str) -> list[str]:
    return [node.text for node in root.iter("{*}" + name)]


def test_a_file_of_direct_debits_says_what_was_asked() -> None:
    later = replace(CLAIM, document_id="R-2026-2", amount=D("1000000.10"), remittance="Rechnung R-2026-2")
    used = replace(MANDATE, mandate_id="M-2", iban="AT611904300234573201", last_used=date(2026, 10, 1))
    third = replace(CLAIM, document_id="R-2026-3", amount=D("0.01"), mandate=used)
    once = replace(
        CLAIM, document_id="R-2026-4", amount=D("5"), mandate=replace(MANDATE, mandate_id="M-3", one_off=True)
    )
    made = collect(CREDITOR, [CLAIM, later, third, once], "KW-OP-1", date(2026, 12, 24), TODAY)
    root = valid(made.xml, "pain.008.001.08")
    assert (made.transactions, made.total, made.left_out) == (4, D("1000017.45"), ())
    assert texts(root, "NbOfTxs")[0] == "4"
    assert texts(root, "CtrlSum")[0] == "1000017.45"
    assert texts(root, "MsgId") == ["KW-OP-1"]
    assert sorted(texts(root, "InstdAmt")) == ["0.01", "1000000.10", "12.34", "5.00"]
    assert [debit.sequence_type for debit in made.debits] == ["FRST", "RCUR", "RCUR", "OOFF"]
    assert sorted(texts(root, "SeqTp")) == ["FRST", "OOFF", "RCUR"]
    assert set(texts(root, "ReqdColltnDt")) == {"2026-12-24"}
    assert set(texts(root, "EndToEndId")) == {debit.end_to_end_id for debit in made.debits}
    assert {"Mueller + Soehne Ladestrom GmbH", "Lukasz O'Groesse"} <= set(texts(root, "Nm"))
    assert made.xml.isascii()


@pytest.mark.parametrize(
    ("wanted", "today", "day"),
    [
        (date(2026, 12, 24), TODAY, date(2026, 12, 24)),  # a Thursday, and open
        (date(2026, 12, 25), TODAY, date(2026, 12, 28)),  # Christmas, then a weekend
        (date(2026, 11, 24), TODAY, date(2026, 11, 25)),  # the bank needs a business day
        (date(2026, 4, 2), date(2026, 4, 2), date(2026, 4, 7)),  # Good Friday to Easter Monday
        (date(2027, 5, 1), TODAY, date(2027, 5, 3)),
    ],
)
def test_money_is_collected_on_target_business_days(wanted: date, today: date, day: date) -> None:
    assert collection_date(wanted, today) == day


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (
            replace(CLAIM, mandate=replace(MANDATE, iban="NL91ABNA0417164301")),
            "IBAN 'NL91…4301': has a wrong check digit",
        ),
        (replace(CLAIM, mandate=replace(MANDATE, iban="TR330006100519786457841326")), "TR is outside SEPA"),
        (replace(CLAIM, mandate=replace(MANDATE, bic="COBADEFFXXX")), "BIC 'COBADEFFXXX': is of DE, the account of NL"),
        (replace(CLAIM, mandate=replace(MANDATE, mandate_id="M 1")), "Mandate reference 'M 1': has 1 to 35"),
        (replace(CLAIM, mandate=replace(MANDATE, holder="💥")), "has no name that can be written"),
        (replace(CLAIM, mandate=replace(MANDATE, signed_on=date(2026, 12, 2))), "signed on 2026-12-02, after"),
        (replace(CLAIM, mandate=replace(MANDATE, signed_on=date(2023, 11, 30))), "it has lapsed"),
        (replace(CLAIM, mandate=replace(MANDATE, iban="GB29NWBK60161331926819")), "town and country are needed for GB"),
        (replace(CLAIM, mandate=replace(MANDATE, one_off=True, last_used=TODAY)), "was for one collection"),
        (replace(CLAIM, mandate=None), "Contract 'c1': has no SEPA mandate"),
        (replace(CLAIM, currency="NOK"), "SEPA collects euros only"),
        (replace(CLAIM, amount=D(0)), "Amount '0'"),
        (replace(CLAIM, amount=D("0.001")), "Amount '0.001'"),
        (replace(CLAIM, amount=D("1000000000")), "Amount '1000000000'"),
    ],
)
def test_one_that_the_bank_would_refuse_is_left_out_and_the_rest_goes(claim: Claim, reason: str) -> None:
    good = replace(CLAIM, document_id="R-2026-9", mandate=replace(MANDATE, mandate_id="M-9"))
    made = collect(CREDITOR, [claim, good], "KW-OP-1", date(2026, 12, 1), TODAY)
    assert [debit.claim.document_id for debit in made.debits] == ["R-2026-9"]
    ((document, why),) = [(row.document_id, row.reason) for row in made.left_out]
    assert document == "R-2026-1"
    assert reason in why
    assert texts(valid(made.xml, "pain.008.001.08"), "CtrlSum") == ["12.34", "12.34"]


def test_a_debtor_outside_the_eea_is_collected_from_with_bic_and_address() -> None:
    mandate = replace(MANDATE, iban="GB29NWBK60161331926819", bic="NWBKGB2L", town="Zürich", country_code="GB")
    made = collect(CREDITOR, [replace(CLAIM, mandate=mandate)], "KW-OP-1", date(2026, 12, 1), TODAY)
    root = valid(made.xml, "pain.008.001.08")
    assert (texts(root, "TwnNm"), texts(root, "Ctry")) == (["Zuerich"], ["GB"])


def test_a_creditor_that_no_bank_knows_is_refused() -> None:
    with pytest.raises(BankDataRefused, match="Creditor identifier 'DE97ZZZ09999999999': has a wrong check digit"):
        collect(replace(CREDITOR, creditor_id="DE97ZZZ09999999999"), [CLAIM], "x", TODAY, TODAY)
    with pytest.raises(NothingToSend, match=r"R-2026-1: Contract 'c1': has no SEPA mandate"):
        collect(CREDITOR, [replace(CLAIM, mandate=None)], "x", TODAY, TODAY)


def test_payouts_go_to_owners_and_a_bad_one_stays_out() -> None:
    good = Payout("owner-1/2026-10", "Gemeinde Übersee", "BE68539007547034", D("250.05"), "EUR", "Oktober 2026")
    bad = replace(good, reference="owner-2/2026-10", iban="BE68539007547035")
    made = pay_out(Debtor("Betreiber", CREDITOR.iban), [good, bad, good], "KW-P-1", date(2026, 11, 28), TODAY)
    root = valid(made.xml, "pain.001.001.09")
    assert (made.total, made.transactions, made.execution_date) == (D("250.05"), 1, date(2026, 11, 30))
    assert texts(root, "CtrlSum") == ["250.05", "250.05"]
    assert texts(root, "MsgId") == ["KW-P-1"]
    assert [row.reference for row in made.left_out] == ["owner-2/2026-10", "owner-1/2026-10"]
    assert "Gemeinde Uebersee" in texts(root, "Nm")


@given(st.text(max_size=200), st.integers(1, 140))
def test_any_text_becomes_one_that_banks_take(text: str, longest: int) -> None:
    made = sepa_text(text, longest)
    assert re.fullmatch(ALLOWED, made)
    assert len(made) <= longest
    assert "//" not in made
    assert made == made.strip(" ")
