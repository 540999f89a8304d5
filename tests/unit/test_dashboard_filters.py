"""What an address asks for, and what of it holds."""

from __future__ import annotations

from datetime import date

import pytest

from dashboards.filters import ALL, CUSTOM, WEEKS, YEAR, Choice, Limits, parse

pytestmark = pytest.mark.fast

LIMITS = Limits({"a": "Alpha", "b": "Beta"}, date(2019, 5, 1), date(2021, 8, 31))


def test_nothing_asked_is_everything() -> None:
    choice, notes = parse({}, LIMITS)
    assert (choice, notes) == (Choice(), [])
    scope = choice.scope(LIMITS)
    assert (scope.sites, scope.first, scope.last) == (("a", "b"), LIMITS.first, LIMITS.last)


@pytest.mark.parametrize(
    ("period", "first"),
    [(ALL, date(2019, 5, 1)), (YEAR, date(2020, 9, 1)), (WEEKS, date(2021, 8, 4))],
)
def test_presets_end_with_the_data(period: str, first: date) -> None:
    scope = parse({"period": [period]}, LIMITS)[0].scope(LIMITS)
    assert (scope.first, scope.last) == (first, LIMITS.last)


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (date(2020, 2, 29), date(2019, 3, 1)),
        (date(2021, 2, 28), date(2020, 3, 1)),
        (date(2024, 2, 28), date(2023, 3, 1)),
        (date(2024, 12, 31), date(2024, 1, 1)),
    ],
)
def test_a_year_ends_with_the_last_day(last: date, first: date) -> None:
    assert Choice(period=YEAR).scope(Limits({"a": "Alpha"}, date(2000, 1, 1), last)).first == first


def test_presets_are_cut_where_the_data_begin() -> None:
    short = Limits({"a": "Alpha"}, date(2021, 8, 20), date(2021, 8, 31))
    assert Choice(period=YEAR).scope(short).first == short.first
    assert Choice(period=WEEKS).scope(short).first == short.first


def test_own_days_are_cut_with_a_note() -> None:
    choice, notes = parse({"period": ["2021-08-01..2022-01-01"]}, LIMITS)
    assert choice == Choice((), CUSTOM, (date(2021, 8, 1), date(2021, 8, 31)))
    assert "cut" in notes[0]


@pytest.mark.parametrize(
    "asked", ["", "x", "2021-08-31..2021-08-01", "2030-01-01..2030-02-01", "..", "2021-13-01..2021-14-01"]
)
def test_what_cannot_be_is_left_out(asked: str) -> None:
    choice, notes = parse({"site": ["zz", "b", "b"], "period": [asked]}, LIMITS)
    assert choice == Choice(("b",))
    assert len(notes) == 2


@pytest.mark.parametrize(
    "choice",
    [Choice(), Choice(("b", "a"), WEEKS), Choice(("a",), CUSTOM, (date(2020, 1, 1), date(2020, 1, 31)))],
)
def test_an_address_gives_back_the_choice(choice: Choice) -> None:
    assert parse(choice.address(), LIMITS) == (choice, [])
