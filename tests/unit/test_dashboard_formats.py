"""Numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboards import formats

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.energy(0), "0 kWh"),
        (formats.energy(9_999.4), "9,999 kWh"),
        (formats.energy(48_600), "48.6 MWh"),
        (formats.energy(12_500_000), "12.50 GWh"),
        (formats.energy(None), "–"),
        (formats.energy(9_720, beside=12_200), "9.7 MWh"),
        (formats.percent(0.1234), "12.3 %"),
        (formats.percent(None), "–"),
        (formats.change(-0.05), "-5.0 %"),
        (formats.change(None), None),
        (formats.points(0.012), "+1.2 pp"),
        (formats.money(1234.5, "USD"), "$1,234"),
        (formats.money(-2, "EUR", 2), "-€2.00"),
        (formats.money(5, "CHF"), "CHF 5"),
        (formats.money(None, "EUR"), "–"),
        (formats.count(27_407), "27,407"),
        (formats.duration(25_500), "7 h 05 min"),
        (formats.duration(59 * 60), "59 min"),
        (formats.duration(None), "–"),
        (formats.words("seasonal_naive"), "Seasonal naive"),
        (formats.moment(datetime(2021, 9, 1, 6, 40, tzinfo=UTC), "America/Los_Angeles"), "31 Aug 2021, 23:40"),
    ],
)
def test_formats(text: str | None, expected: str | None) -> None:
    assert (text.replace("\N{NARROW NO-BREAK SPACE}", " ") if text else text) == expected


def test_free_text_is_no_markdown() -> None:
    assert formats.plain("a *b*\n[c](d) $1$ `e` <f>") == "a \\*b\\* \\[c\\]\\(d\\) \\$1\\$ \\`e\\` \\<f\\>"
    assert formats.plain("plain words, 12") == "plain words, 12"
