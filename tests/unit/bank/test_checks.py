"""IBAN, BIC, creditor identifier, mandate reference, TARGET days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from pipelines.billing.bank import target
from pipelines.billing.bank.errors import BankDataRefused
from pipelines.billing.bank.iban import bic_of, checked_bic, checked_creditor_id, checked_iban, checked_mandate_id

pytestmark = pytest.mark.fast


def test_what_banks_take_is_taken_in_one_spelling() -> None:
    assert checked_iban("de89 3704 0044 0532 0130 00") == "DE89370400440532013000"
    assert checked_creditor_id("DE98 ZZZ 0999 9999 999") == "DE98ZZZ09999999999"
    # The business code may be chosen freely: it does not count in the check digits.
    assert checked_creditor_id("DE98ABC09999999999") == "DE98ABC09999999999"
    assert checked_bic("cobadeff", "DE89370400440532013000") == "COBADEFF"
    assert checked_bic("NWBKGB2L", "GG29NWBK60161331926819") == "NWBKGB2L"
    assert checked_mandate_id("KWH/2026-1") == "KWH/2026-1"
    assert bic_of("DE89370400440532013000") == "COBADEFFXXX"


@pytest.mark.parametrize(
    ("check", "value", "why"),
    [
        (checked_iban, "DE89370400440532013001", "wrong check digit"),
        (checked_iban, "DE8937040044053201300", "wrong length"),
        (checked_iban, "XX89370400440532013000", "no country"),
        (checked_iban, "TR330006100519786457841326", "outside SEPA"),
        (checked_iban, "", "IBAN"),
        (checked_bic, "COBA", "wrong length"),
        (checked_creditor_id, "DE97ZZZ09999999999", "wrong check digit"),
        (checked_creditor_id, "nonsense", "is written like"),
        (checked_mandate_id, "", "1 to 35"),
        (checked_mandate_id, "a" * 36, "1 to 35"),
        (checked_mandate_id, "ä", "1 to 35"),
        (checked_mandate_id, "/a", "slash"),
    ],
)
def test_what_banks_refuse_is_refused_with_the_reason(check: Callable[[str], str], value: str, why: str) -> None:
    with pytest.raises(BankDataRefused, match=why):
        check(value)


def test_a_whole_iban_never_stands_in_a_message() -> None:
    with pytest.raises(BankDataRefused) as refused:
        checked_iban("DE89370400440532013001")
    assert "37040044" not in str(refused.value)


# Easter Sundays from the tables of the Church of England's calendar.
@pytest.mark.parametrize("sunday", ["2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2038-04-25", "2285-03-22"])
def test_easter(sunday: str) -> None:
    day = date.fromisoformat(sunday)
    assert target.easter(day.year) == day
    assert not target.is_business_day(day - timedelta(days=2))
    assert not target.is_business_day(day + timedelta(days=1))
    assert target.is_business_day(day - timedelta(days=3))


def test_business_days_are_counted_over_holidays() -> None:
    assert target.after(date(2026, 12, 23), 1) == date(2026, 12, 24)
    assert target.after(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert target.on_or_after(date(2027, 1, 1)) == date(2027, 1, 4)
