"""Which readings of a register the curve calls counted."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from dashboards.charts.session import Mark, curves

pytestmark = pytest.mark.fast
BEGIN = datetime.fromisoformat("2024-03-04 08:00")  # local time, as readers give it


def minute(n: float) -> datetime:
    return BEGIN + timedelta(minutes=n)


def drawn(readings: list[tuple[float, float]], begin_register: float | None = 100.0) -> dict[str, list[float]]:
    """Heights of the dots by the name of their row: two steps of 1 and 2 kWh, an hour each, from 08:00 to 10:00."""
    steps = pl.DataFrame(
        {
            "local_from": [minute(0), minute(60)],
            "local_to": [minute(60), minute(120)],
            "energy_kwh": [1.0, 2.0],
            "power_kw": [1.0, 2.0],
            "measured": [True, True],
        }
    )
    registers = pl.DataFrame(
        {"local_at": [minute(at) for at, _ in readings], "register_kwh": [value for _, value in readings]},
        schema={"local_at": pl.Datetime("us"), "register_kwh": pl.Float64},
    )
    marks = [Mark(minute(0), "start", odd=False), Mark(minute(30), "odd", odd=True)]
    figure = curves(steps, registers, marks, minute(0), minute(130), begin_register)
    return {trace.name: list(trace.y) for trace in figure.data if trace.mode == "markers"}


def test_readings_on_the_line_are_counted_and_others_are_not() -> None:
    found = drawn([(0, 100.0), (30, 100.5), (60, 101.001), (90, 107.0), (120, 103.0), (130, 103.0)])
    assert found["Reading"] == pytest.approx([0, 0.5, 1.001, 3, 3])
    assert found["Reading not counted"] == pytest.approx([3 * 1.12 * 0.98]), "drawn at the upper edge"
    assert (found["Frame"], found["Proves a fault"]) == ([0], [0])


def test_a_reading_on_another_scale_is_counted_where_a_step_rests_on_it() -> None:
    found = drawn([(0, 100.0), (60, 0.4), (90, 0.9), (120, 103.0)])
    assert found["Reading"] == pytest.approx([0, 1, 3])
    assert len(found["Reading not counted"]) == 1, "no step begins or ends at half past nine"


def test_of_two_readings_at_one_time_the_one_on_the_line_is_counted() -> None:
    found = drawn([(0, 100.0), (60, 101.0), (60, 50.0)])
    assert found["Reading"] == pytest.approx([0, 1])
    assert len(found["Reading not counted"]) == 1


def test_nothing_read_draws_no_dot() -> None:
    assert set(drawn([])) == {"Frame", "Proves a fault"}
    assert drawn([(0, 7.0), (60, 8.0)], begin_register=None)["Reading"] == pytest.approx([0, 1])
