"""What a document's number begins with."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.billing.issuing.numbers import Number, series_of

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("country_code", "day", "series"),
    [
        ("DE", date(2026, 3, 31), "KWH2026"),
        ("IN", date(2026, 3, 31), "KWH2526"),
        ("IN", date(2026, 4, 1), "KWH2627"),
        ("IN", date(2100, 1, 1), "KWH9900"),
    ],
)
def test_a_series_is_of_a_year_and_in_india_of_the_financial_year(country_code: str, day: date, series: str) -> None:
    assert series_of("KWH", "invoice", country_code, day) == series
    assert series_of("KWH", "credit_note", country_code, day) == series.replace("KWH", "KWHC")


def test_a_number_has_six_digits_at_least() -> None:
    assert Number("KWH2627", 123).text == "KWH2627-000123"
    assert Number("KWH2627", 1_234_567).text == "KWH2627-1234567"
