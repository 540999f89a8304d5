"""Late frames, wrong clocks, and what lies after the end."""

from __future__ import annotations

from tests.golden.faults.model import BOTH, V16, V21, V201, Fault, R, Speaker, case, session
from tests.landed import at

UNSET = {"flags": ("clock_unset",)}


def skewed(seconds: int) -> dict[str, object]:
    return {"flags": ("clock_skew",), "clock_offset_seconds": seconds}


LATE = [Fault("late_data", (3,))]


@case(
    4, "late_data",
    [session(0, 60, 5000, flags=("late_data",), steps=[(0, 30, 2500), (30, 60, 2500)])],
    LATE,
    versions=(V16, V201, V21),
)  # fmt: skip
def a_reading_after_a_quarter_of_an_hour(s: Speaker) -> None:
    one = s.start(0, R, seq_no=0)
    s.stop(60, R + 5000, one, seq_no=2)
    s.meter(30, R + 2500, one, received=75, seq_no=1)


@case(4, "late_data", [session(0, 60, 5000, flags=("late_data",), steps=[(0, 30, 2500), (30, 60, 2500)])], LATE)
def a_reading_after_two_days(s: Speaker) -> None:
    one = s.start(0, R, seq_no=0)
    s.stop(60, R + 5000, one, seq_no=2)
    s.meter(30, R + 2500, one, received=3000, seq_no=1)


@case(4, "in_time", [session(0, 60, 5000, steps=[(0, 30, 2500), (30, 60, 2500)])])
def a_reading_within_the_minute(s: Speaker) -> None:
    one = s.start(0, R, seq_no=0)
    s.stop(60, R + 5000, one, seq_no=2)
    s.meter(30, R + 2500, one, received=60.5, seq_no=1)


@case(12, "clock_unset", [session(0, 60, 5000, **UNSET)], [Fault("clock_unset", (1,))], versions=(V16, V201, V21))
def since_1970_live(s: Speaker) -> None:
    one = s.start("1970-01-01T00:00:10Z", R, received=0)
    s.meter("1970-01-01T00:30:10Z", R + 2500, one, received=30)
    s.stop("1970-01-01T01:00:10Z", R + 5000, one, received=60)


@case(
    12, "clock_unset",
    [session(120, 180, 5000, steps=[(120, 150, 2500), (150, 180, 2500)], **UNSET)],
    [Fault("clock_unset", (1,))],
)  # fmt: skip
def since_1970_from_the_queue(s: Speaker) -> None:
    one = s.start("1970-01-01T00:00:10Z", R, received=180)
    s.meter("1970-01-01T00:30:10Z", R + 2500, one, received=180)
    s.stop("1970-01-01T01:00:10Z", R + 5000, one, received=180)


@case(12, "clock_unset", [session(0, 60, 5000, **UNSET)], [Fault("clock_unset", (2,))])
def before_the_station_was_connected(s: Speaker) -> None:
    s.connect(-1)
    one = s.start("2019-01-01T00:00:10Z", R, received=0)
    s.meter("2019-01-01T00:30:10Z", R + 2500, one, received=30)
    s.stop("2019-01-01T01:00:10Z", R + 5000, one, received=60)


def told_ahead(s: Speaker, ahead: float, delay: float = 2 / 60) -> None:
    """A session from 0 to 60, told by a clock that is minutes ahead and received a moment later."""
    one = s.start(0 + ahead, R, received=0 + delay)
    s.meter(30 + ahead, R + 2500, one, received=30 + delay)
    s.stop(60 + ahead, R + 5000, one, received=60 + delay)


@case(13, "clock_skew", [session(0, 60, 5000, **skewed(7200))], [Fault("clock_skew", (1,))])
def local_time_two_hours_ahead(s: Speaker) -> None:
    told_ahead(s, 120)


@case(13, "clock_skew", [session(0, 60, 5000, **skewed(19_800))], [Fault("clock_skew", (1,))])
def local_time_of_india(s: Speaker) -> None:
    told_ahead(s, 330)


@case(13, "clock_skew", [session(0, 60, 5000, **skewed(-18_000))], [Fault("clock_skew", (1,))])
def local_time_five_hours_behind(s: Speaker) -> None:
    told_ahead(s, -300)


# 3 h 7 min 20 s: no time zone, so the difference itself counts.
@case(13, "clock_skew", [session(0, 60, 5000, **skewed(11_240))], [Fault("clock_skew", (1,))])
def a_clock_that_is_just_wrong(s: Speaker) -> None:
    told_ahead(s, 11_240 / 60, delay=0)


@case(13, "no_skew", [session(0, 60, 5000, clock_offset_seconds=None, steps=[(0, 30, 2500), (30, 60, 2500)])])
def an_honest_queue(s: Speaker) -> None:
    one = s.start(0, R, received=180)
    s.meter(30, R + 2500, one, received=180.01)
    s.stop(60, R + 5000, one, received=180.02)


@case(13, "no_skew", [session(0, 60, 5000, clock_offset_seconds=None)])
def live_first_then_a_queue(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one, received=200)
    s.stop(60, R + 5000, one, received=200.1)


@case(13, "no_skew", [session(0, 60, 5000, clock_offset_seconds=None)])
def a_queue_that_ends_live(s: Speaker) -> None:
    one = s.start(0, R, received=50)
    s.meter(30, R + 2500, one, received=50.1)
    s.stop(60, R + 5000, one)


@case(19, "after_available", [session(0, 60, 5000, steps=[(0, 50, 4000), (50, 60, 1000)])])
def a_reading_of_the_transaction(s: Speaker) -> None:
    one = s.start(0, R, seq_no=0)
    s.stop(60, R + 5000, one, seq_no=2)
    s.status(60.1, "Available")
    s.meter(50, R + 4000, one, received=60.5, seq_no=1)


@case(19, "after_available", [session(0, 60, 5000, steps=[(0, 60, 5000)])])
def a_reading_of_no_transaction(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one)
    s.status(60.1, "Available")
    s.meter(65, R + 5000)


@case(19, "after_available", [session(0, 60, 5000)])
def said_while_it_goes_on(s: Speaker) -> None:
    one = s.start(0, R)
    s.status(20, "Available")
    s.meter(30, R + 2500, one)
    s.stop(60, R + 5000, one)


@case(
    25, "idle_after_the_stop",
    [session(0, 60, 5000, unplugged_at=at(90), charging_seconds=3600, idle_seconds=1800)],
)  # fmt: skip
def until_available(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one)
    s.stop(60, R + 5000, one)
    s.status(60.1, "Finishing")
    s.status(90, "Available")


# 23:30 in Berlin, half an hour before a day of 23 hours (26 March 2023) and before one of 25 (29 October 2023).
SPRING, AUTUMN = -495_930, -183510


def over_midnight(s: Speaker, begin: float) -> None:
    one = s.start(begin, R)
    s.meter(begin + 30, R + 2000, one)
    s.stop(begin + 180, R + 8000, one)


def in_two_days(begin: float) -> list[dict[str, object]]:
    return [session(begin, begin + 180, 8000, steps=[(begin, begin + 30, 2000), (begin + 30, begin + 180, 6000)])]


@case(26, "over_midnight", in_two_days(SPRING), versions=(V16,), site="berlin")
def into_a_day_of_23_hours(s: Speaker) -> None:
    over_midnight(s, SPRING)


@case(26, "over_midnight", in_two_days(AUTUMN), versions=(V16,), site="berlin")
def into_a_day_of_25_hours(s: Speaker) -> None:
    over_midnight(s, AUTUMN)


@case(
    38, "tail_readings",
    [session(0, 60, 5000, flags=("tail_readings",), steps=[(0, 60, 5000)])],
    [Fault("tail_readings", (3, 4))],
)  # fmt: skip
def for_days(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one)
    s.meter(90, R + 5000, one)
    s.meter(2000, R + 5000, one)


@case(
    38, "tail_readings",
    [
        session(0, 60, 5000, flags=("tail_readings",), steps=[(0, 60, 5000)]),
        session(120, 180, 5000, steps=[(120, 180, 5000)]),
    ],
    [Fault("tail_readings", (4,))],
)  # fmt: skip
def into_the_next_session(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one)
    two = s.start(120, R + 5000)
    s.meter(150, R + 5000, one)
    s.stop(180, R + 10_000, two)


BY_STATION = [session(0, 60, 5000, steps=[(0, 30, 2500), (30, 45, 1000), (45, 60, 1500)])]


@case(39, "station_times", BY_STATION)
def a_back_dated_stop_then_readings(s: Speaker) -> None:
    one = s.start(0, R, seq_no=0)
    s.stop(60, R + 5000, one, received=90, seq_no=3)
    s.meter(30, R + 2500, one, received=90.01, seq_no=1)
    s.meter(45, R + 3500, one, received=90.02, seq_no=2)


@case(39, "station_times", BY_STATION, versions=(*BOTH, V21))
def all_within_milliseconds(s: Speaker) -> None:
    one = s.start(0, R, received=180)
    s.meter(30, R + 2500, one, received=180.00002)
    s.meter(45, R + 3500, one, received=180.00004)
    s.stop(60, R + 5000, one, received=180.00006)


@case(39, "station_times", BY_STATION, versions=(V201, V21))
def the_end_comes_first(s: Speaker) -> None:
    s.stop(60, R + 5000, "backwards", received=90, seq_no=3)
    s.meter(45, R + 3500, "backwards", received=90.01, seq_no=2)
    s.meter(30, R + 2500, "backwards", received=90.02, seq_no=1)
    s.start(0, R, "backwards", received=90.03, seq_no=0)
