"""Numbers and days as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipelines.billing.documents import formats

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("value", "lakh"),
    [
        ("0", "0.00"),
        ("999", "999.00"),
        ("1000", "1,000.00"),
        ("99999.5", "99,999.50"),
        ("100000", "1,00,000.00"),
        ("-1234567.895", "−12,34,567.90"),
        ("1234567890", "1,23,45,67,890.00"),
    ],
)
def test_rupees_are_grouped_by_lakh_and_crore(value: str, lakh: str) -> None:
    assert formats.amount(Decimal(value), "INR", "en") == lakh


def test_amounts_in_each_language() -> None:
    value = Decimal("-1234567.5")
    assert formats.amount(value, "EUR", "en") == "−1,234,567.50"
    assert formats.amount(value, "EUR", "de") == "−1.234.567,50"
    assert formats.money(value, "EUR", "en") == "−€1,234,567.50"
    assert formats.money(value, "EUR", "de") == "−1.234.567,50\u00a0€"
    assert formats.money(Decimal(1000), "JPY", "en") == "JPY\u00a01,000"
    assert formats.money(Decimal("1.5"), "KWD", "en") == "KWD\u00a01.500"


def test_quantities_have_what_their_unit_is_worth() -> None:
    assert formats.quantity(Decimal("24.3180"), "kWh", "en") == "24.318"
    assert formats.quantity(Decimal(3), "kWh", "de") == "3,000"
    assert formats.quantity(Decimal("0.183333"), "h", "en") == "0.1833"
    assert formats.quantity(Decimal("1.000000"), "session", "en") == "1"


def test_prices_have_all_their_digits() -> None:
    assert formats.price(Decimal("0.490000"), "EUR", "en") == "0.49"
    assert formats.price(Decimal("0.411765"), "EUR", "de") == "0,411765"
    assert formats.price(Decimal("0.41"), "JPY", "en") == "0.41"


def test_rates_and_days() -> None:
    assert [formats.percent(Decimal("19.0000"), language) for language in ("en", "de")] == ["19%", "19\u00a0%"]
    assert formats.percent(Decimal("7.5"), "en") == "7.5%"
    assert formats.day(date(2026, 3, 1), "de") == "1.\u00a0März\u00a02026"
    assert formats.period(date(2026, 11, 1), date(2026, 11, 30), "en") == "1\u00a0Nov\u00a02026 – 30\u00a0Nov\u00a02026"


def test_a_session_in_one_line() -> None:
    told = formats.session_detail(
        "de",
        station="DE*ISA*E1*1",
        began=datetime(2026, 11, 3, 23, 50, tzinfo=UTC),
        ended=datetime(2026, 11, 4, 1, 2, tzinfo=UTC),
        energy_wh=Decimal("24318.4"),
        charging_seconds=4109,
    )
    assert told == "DE*ISA*E1*1\u00a0· 03.11.2026 23:50–04.11.2026 01:02\u00a0· 24,318\u00a0kWh\u00a0· 1:08\u00a0h"
    began = datetime(2026, 11, 3, 9, tzinfo=UTC)
    short = formats.session_detail("en", station="", began=began, ended=began.replace(minute=5))
    assert short == "3\u00a0Nov\u00a02026 09:00–09:05"
