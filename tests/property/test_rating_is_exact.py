"""The SQL engine against a plain implementation with fractions, written apart from it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.billing.rate import load_components, rate
from pipelines.billing.tariffs import DIMENSIONS, Component

pytestmark = pytest.mark.fast

Period = tuple[Decimal, Decimal, Decimal]  # Wh, charging seconds, parking seconds
UNITS = {"ENERGY": 1000, "TIME": 3600, "PARKING_TIME": 3600, "FLAT": 1}

prices = st.decimals("0", "5", places=4) | st.decimals("0", "100000", places=6)
components = st.builds(
    Component,
    st.integers(0, 2),
    st.sampled_from(DIMENSIONS),
    prices,
    st.none() | st.sampled_from([Decimal(p) for p in ("0", "5.2", "7.7", "19", "20", "33.3333")]),
    st.sampled_from([1, 7, 25, 60, 300, 500, 900, 1800]),
)
tariffs = st.lists(components, max_size=6, unique_by=lambda c: (c.element_no, c.dimension)).map(
    # A FLAT component has no step, as the parser says.
    lambda found: tuple(
        c if c.dimension != "FLAT" else Component(c.element_no, "FLAT", c.price, c.vat_percent, 1) for c in found
    )
)
seconds = st.integers(0, 200_000).map(Decimal) | st.decimals("0", "100000", places=6)
periods = st.lists(st.tuples(st.decimals("0", "300000", places=6), seconds, seconds), min_size=1, max_size=4)


def reference(
    tariff: tuple[Component, ...], session: list[Period]
) -> tuple[list[tuple[str, int, Fraction]], Fraction, Fraction | None]:
    """(dimension, element, exact amount) of each line, exact net total, exact gross total or None."""
    used: list[tuple[int, str, Component, Fraction]] = []
    for number, volumes in enumerate(session):
        for dimension in DIMENSIONS:
            volume = Fraction(1) if dimension == "FLAT" else Fraction(volumes[DIMENSIONS.index(dimension)])
            offers = sorted((c for c in tariff if c.dimension == dimension), key=lambda c: c.element_no)
            once = dimension == "FLAT" and any(d == "FLAT" for _, d, _, _ in used)
            if offers and volume > 0 and not once:
                used.append((number, dimension, offers[0], volume))
    for family in (("ENERGY",), ("TIME", "PARKING_TIME")):
        places = [index for index, entry in enumerate(used) if entry[1] in family]
        if places:
            number, dimension, component, volume = used[places[-1]]
            total = sum(entry[3] for entry in used if entry[1] == dimension)
            extra = ceil(total / component.step_size) * component.step_size - total
            used[places[-1]] = (number, dimension, component, volume + extra)
    amounts: dict[tuple[str, int], Fraction] = {}
    net, gross, known = Fraction(0), Fraction(0), True
    for _, dimension, component, volume in used:
        amount = volume / UNITS[dimension] * Fraction(component.price)
        key = (dimension, component.element_no)
        amounts[key] = amounts.get(key, Fraction(0)) + amount
        net += amount
        known = known and component.vat_percent is not None
        gross += amount * (1 + Fraction(component.vat_percent or 0) / 100)
    lines = sorted(((d, e, amount) for (d, e), amount in amounts.items()), key=lambda x: (DIMENSIONS.index(x[0]), x[1]))
    return lines, net, gross if known else None


def half_up(value: Fraction, places: int) -> Decimal:
    return (
        Decimal((2 * value * 10**places + 1) // 2).scaleb(-places).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(tariffs, periods), min_size=1, max_size=8))
def test_sql_prices_as_fractions_do(cases: list[tuple[tuple[Component, ...], list[Period]]]) -> None:
    with duckdb.connect() as con:
        load_components(con, [(str(number), 1, tariff) for number, (tariff, _) in enumerate(cases)])
        con.execute(
            "CREATE TEMP TABLE usage (session_id VARCHAR, period_no INTEGER, tariff_id VARCHAR, tariff_version INTEGER,"
            " energy_wh DECIMAL(18,6), charging_seconds DECIMAL(18,6), parking_seconds DECIMAL(18,6))"
        )
        rows = [
            (str(number), period_no, str(number), 1, *(format(volume, "f") for volume in volumes))
            for number, (_, session) in enumerate(cases)
            for period_no, volumes in enumerate(session, start=1)
        ]
        con.executemany("INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        rate(con)
        lines = con.execute(
            "SELECT session_id, dimension, element_no, amount_excl_vat FROM rated_lines ORDER BY session_id, line_no"
        ).fetchall()
        totals = {row[0]: row[1:] for row in con.execute("SELECT * FROM rated_totals").fetchall()}
    for number, (tariff, session) in enumerate(cases):
        expected, net, gross = reference(tariff, session)
        found = [(dimension, element, amount) for key, dimension, element, amount in lines if key == str(number)]
        assert found == [(dimension, element, half_up(amount, 12)) for dimension, element, amount in expected]
        assert totals[str(number)] == (half_up(net, 4), None if gross is None else half_up(gross, 4))
