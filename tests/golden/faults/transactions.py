"""Starts, stops and events that are repeated, lost, or told under the wrong number."""

from __future__ import annotations

from tests.golden.faults.model import (
    BEGIN,
    BOTH,
    END,
    V16,
    V21,
    V201,
    Fault,
    R,
    Speaker,
    case,
    sample,
    session,
    suspect,
)

NO_END = {"state": "inferred_end", "source": "periodic_registers"}


@case(3, "repeated_stop", [session(0, 60, 5000)])
def again_with_another_time(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one)
    s.stop(90, R + 5000, one, received=95)


@case(3, "repeated_stop", [session(0, 60, 5000)])
def again_after_a_boot(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one, seq_no=1)
    s.boot(70)
    s.stop(60, R + 5000, one, received=71, seq_no=1)


REUSED = {"flags": ("reused_transaction_id",)}


@case(
    5, "reused_transaction_id",
    [
        session(0, 60, 5000, transaction_id="1", steps=[(0, 30, 2500), (30, 60, 2500)], **REUSED),
        session(120, 180, 6000, transaction_id="1", steps=[(120, 150, 2000), (150, 180, 4000)], **REUSED),
    ],
    [Fault("reused_transaction_id", (1, 4)), Fault("reused_transaction_id", (1, 4), session=1)],
    versions=(V16, V201, V21),
)  # fmt: skip
def every_transaction_is_1(s: Speaker) -> None:
    s.start(0, R, 1)
    s.meter(30, R + 2500, 1)
    s.stop(60, R + 5000, 1)
    s.start(120, R + 5000, 1, seq_no=0)
    s.meter(150, R + 7000, 1)
    s.stop(180, R + 11_000, 1)


@case(
    5, "reused_transaction_id",
    [
        session(0, 60, 5000, transaction_id="1", **REUSED),
        session(120, 180, 5000, transaction_id="2"),
        session(240, 300, 5000, transaction_id="1", **REUSED),
    ],
    [Fault("reused_transaction_id", (1, 6)), Fault("reused_transaction_id", (1, 6), session=2)],
)  # fmt: skip
def numbering_restarts_at_a_boot(s: Speaker) -> None:
    for number, (minute, transaction) in enumerate(((0, 1), (120, 2), (240, 1))):
        if minute == 240:
            s.boot(230)
        s.start(minute, R + 5000 * number, transaction, seq_no=0)
        s.stop(minute + 60, R + 5000 * (number + 1), transaction)


@case(
    5, "reused_transaction_id",
    [
        suspect(0, 30, 3000, "closed_by_next_start", "reused_transaction_id", **NO_END),
        session(90, 150, 5000, **REUSED),
    ],
    [
        Fault("closed_by_next_start", (1, 3)),
        Fault("reused_transaction_id", (1, 3)),
        Fault("reused_transaction_id", (1, 3), session=1),
    ],
)  # fmt: skip
def the_first_one_never_stops(s: Speaker) -> None:
    s.start(0, R, 1)
    s.meter(30, R + 3000, 1)
    s.start(90, R + 3000, 1, token="T2", seq_no=0)
    s.stop(150, R + 8000, 1)


@case(
    6, "conflicting_stop",
    [suspect(0, 60, 5000, "conflicting_stop", end_register_wh=R + 5000)],
    [Fault("conflicting_stop", (3, 4))],
)  # fmt: skip
def the_first_fits(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one)
    s.stop(60, R + 5000, one)
    s.stop(62, R + 900, one)


@case(
    6, "conflicting_stop",
    [suspect(0, 62, 5000, "conflicting_stop", end_register_wh=R + 5000)],
    [Fault("conflicting_stop", (3, 4))],
)  # fmt: skip
def the_second_fits(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one)
    s.stop(60, R + 900, one)
    s.stop(62, R + 5000, one)


@case(6, "conflicting_stop", [suspect(0, 60, 5000, "conflicting_stop")], [Fault("conflicting_stop", (3, 4))])
def both_fit(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one)
    s.stop(60, R + 5000, one)
    s.stop(65, R + 5200, one)


@case(8, "repeated_start", [session(0, 60, 5000, transaction_id="113")])
def same_answer(s: Speaker) -> None:
    s.start(0, R, 113, seq_no=0)
    s.start(0, R, 113, received=0.1, seq_no=0)
    s.meter(30, R + 2500, 113)
    s.stop(60, R + 5000, 113)


@case(8, "repeated_start", [session(0, 60, 5000, steps=[(0, 30, 2500), (30, 60, 2500)])], versions=(V16,))
def a_central_system_gave_two_ids(s: Speaker) -> None:
    s.start(0, R, 113)
    s.start(0, R, 114, received=0.1)
    s.meter(30, R + 2500, 114)
    s.stop(60, R + 5000, 114)


@case(
    9, "closed_by_next_start",
    [suspect(0, 30, 3000, "closed_by_next_start", **NO_END), session(90, 150, 5000)],
    [Fault("closed_by_next_start", (1, 3))],
    versions=(V16, V201, V21),
)  # fmt: skip
def each_reading_under_its_own_id(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 3000, one)
    two = s.start(90, R + 3000, token="T2")
    s.meter(100, R + 4500, two)
    s.stop(150, R + 8000, two)


@case(
    9, "closed_by_next_start",
    [
        suspect(0, 30, 3000, "closed_by_next_start", steps=[(0, 30, 3000)], **NO_END),
        session(90, 150, 5000, steps=[(90, 100, 1500), (100, 150, 3500)]),
    ],
    [Fault("closed_by_next_start", (1, 3))],
    versions=(V16,),
)  # fmt: skip
def later_reading_under_the_old_id(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 3000, one)
    two = s.start(90, R + 3000, token="T2")
    s.meter(100, R + 4500, one)
    s.stop(150, R + 8000, two)


@case(9, "overlapping", [session(0, 60, 5000), session(30, 90, 4000)])
def the_stop_comes_after_all(s: Speaker) -> None:
    one = s.start(0, R)
    two = s.start(30, R + 2500, token="T2")
    s.meter(45, R + 3500, one)
    s.stop(60, R + 5000, one)
    s.stop(90, R + 6500, two)


@case(9, "other_connector", [session(0, 60, 5000), session(30, 90, 5000)])
def the_next_start_is_on_another_connector(s: Speaker) -> None:
    one = s.start(0, R)
    two = s.start(30, 9 * R, token="T2", connector=2)
    s.stop(60, R + 5000, one)
    s.stop(90, 9 * R + 5000, two)


MATCHED = suspect(0, 60, 5000, "matched_without_id", transaction_id="41", stop_reason="Local")


@case(10, "matched_without_id", [MATCHED], [Fault("matched_without_id", (3,))], versions=(V16,))
def id_minus_1(s: Speaker) -> None:
    s.start(0, R, 41)
    s.meter(30, R + 2500, 41)
    s.stop(60, R + 5000, -1)


@case(10, "matched_without_id", [MATCHED], [Fault("matched_without_id", (3,))], versions=(V16,))
def id_0(s: Speaker) -> None:
    s.start(0, R, 41)
    s.meter(30, R + 2500, 41)
    s.stop(60, R + 5000, 0, token="T1")


@case(10, "matched_without_id", [MATCHED], [Fault("matched_without_id", (3,))], versions=(V16,))
def id_unknown(s: Speaker) -> None:
    s.start(0, R, 41)
    s.meter(30, R + 2500, 41)
    s.stop(60, R + 5000, 999_041, token="T1")


@case(
    10, "matched_without_id",
    [session(0, 90, 7000), suspect(10, 60, 5000, "matched_without_id", connector_id=2)],
    [Fault("matched_without_id", (3,), session=1)],
    versions=(V16,),
)  # fmt: skip
def token_and_register_tell_which_connector(s: Speaker) -> None:
    one = s.start(0, R)
    s.start(10, 9 * R, token="T2", connector=2)
    s.stop(60, 9 * R + 5000, -1, token="T2")
    s.stop(90, R + 7000, one)


@case(10, "orphan_stop", [], [Fault("orphan_stop", (1,), session=None)], versions=(V16,))
def nothing_is_open(s: Speaker) -> None:
    s.stop(60, R + 5000, -1, token="T1")


@case(
    10, "orphan_stop",
    [suspect(0, 30, 2500, "inferred_end", **NO_END)],
    [Fault("inferred_end", (2,)), Fault("orphan_stop", (3,), session=None)],
    versions=(V16,),
)  # fmt: skip
def the_open_session_does_not_fit(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one)
    s.stop(60, R + 100, -1, token="T9")


@case(
    10, "orphan_stop",
    [
        suspect(0, 30, 2500, "inferred_end", connector_id=1, **NO_END),
        suspect(1, 31, 2500, "inferred_end", connector_id=2, **NO_END),
    ],
    [Fault("inferred_end"), Fault("inferred_end", session=1), Fault("orphan_stop", (5,), session=None)],
    versions=(V16,),
)  # fmt: skip
def two_open_sessions_fit(s: Speaker) -> None:
    one, two = s.start(0, R), s.start(1, R, connector=2)
    s.meter(30, R + 2500, one)
    s.meter(31, R + 2500, two, connector=2)
    s.stop(60, R + 5000, -1, token="T1")


@case(
    11, "missing_start",
    [suspect(0, 60, 5000, "missing_start", begin_register_wh=R, end_register_wh=R + 5000)],
    [Fault("missing_start", (1,))],
)  # fmt: skip
def with_readings_of_begin_and_end(s: Speaker) -> None:
    data = ((0, R, BEGIN), (60, R + 5000, END))
    s.stop(60, R + 5000, 777_001, token="T1", data=data, seq_no=2)


@case(
    11, "missing_start",
    [session(60, 60, None, grade="unbillable", flags=("missing_start",), checks=("short_session",), connector_id=None)],
    [Fault("missing_start", (1,))],
)  # fmt: skip
def with_its_own_register_only(s: Speaker) -> None:
    s.stop(60, R + 5000, 777_001, token="T1", seq_no=2)


@case(
    20, "reused_transaction_id",
    [
        session(0, 90, 7000, connector_id=1, evse_id=1, steps=[(0, 30, 2500), (30, 90, 4500)], **REUSED),
        session(10, 60, 5000, evse_id=2, steps=[(10, 35, 2000), (35, 60, 3000)], **REUSED),
    ],
    [Fault("reused_transaction_id", (1, 2)), Fault("reused_transaction_id", (1, 2), session=1)],
)  # fmt: skip
def one_id_on_two_connectors(s: Speaker) -> None:
    s.start(0, R, 7, seq_no=0)
    s.start(10, 9 * R, 7, token="T2", connector=2, seq_no=0)
    s.meter(30, R + 2500, 7, seq_no=1) if s.is_16 else s.meter(30, R + 2500, connector=1)
    s.meter(35, 9 * R + 2000, 7, connector=2) if s.is_16 else s.meter(35, 9 * R + 2000, connector=2)
    s.stop(60, 9 * R + 5000, 7, token="T2", connector=2, seq_no=1)
    s.stop(90, R + 7000, 7, token="T1", connector=1, seq_no=1)


def ended_by(frame: int) -> list[Fault]:
    return [Fault("inferred_end", (frame,))]


STOPPED_NEVER = suspect(0, 30, 3000, "inferred_end", **NO_END)
GOES_ON = {"source": "periodic_registers"}


@case(23, "inferred_end", [STOPPED_NEVER], ended_by(3), versions=(V16, V201, V21))
def by_status(s: Speaker) -> None:
    s.meter(30, R + 3000, s.start(0, R))
    s.status(40, "Available")


@case(23, "inferred_end", [STOPPED_NEVER, session(90, 150, 5000)], ended_by(3))
def by_status_before_the_next_start(s: Speaker) -> None:
    s.meter(30, R + 3000, s.start(0, R))
    s.status(40, "Available")
    s.stop(150, R + 8000, s.start(90, R + 3000))


@case(23, "inferred_end", [STOPPED_NEVER], ended_by(3))
def by_boot(s: Speaker) -> None:
    s.meter(30, R + 3000, s.start(0, R))
    s.boot(45)


@case(23, "goes_on", [session(0, 60, 5000)])
def after_a_boot(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 3000, one)
    s.boot(40)
    s.meter(50, R + 4000, one)
    s.stop(60, R + 5000, one)


@case(23, "inferred_end", [STOPPED_NEVER], ended_by(2))
def by_24_hours_of_silence(s: Speaker) -> None:
    s.meter(30, R + 3000, s.start(0, R))


@case(23, "inferred_end", [suspect(3500, 3555, 5000, "inferred_end", **NO_END)], ended_by(2))
def just_over_24_hours(s: Speaker) -> None:
    s.meter(3555, R + 5000, s.start(3500, R))


@case(23, "active", [session(3510, None, 5000, **GOES_ON)])
def just_under_24_hours(s: Speaker) -> None:
    s.meter(3565, R + 5000, s.start(3510, R))


@case(23, "active", [session(4900, None, 3000, **GOES_ON)])
def still_going_on(s: Speaker) -> None:
    s.meter(4930, R + 3000, s.start(4900, R))


@case(33, "missing_events", [session(0, 60, 5000)], versions=(V201, V21))
def numbers_complete(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one)
    s.stop(60, R + 5000, one)


@case(33, "missing_events", [session(4900, None, 5000)], versions=(V201, V21))
def a_gap_that_may_still_be_filled(s: Speaker) -> None:
    one = s.start(4900, R)
    s.stop(4960, R + 5000, one, seq_no=2)


@case(
    33, "missing_events",
    [suspect(0, 60, 5000, "missing_events", steps=[(0, 60, 5000)])],
    [Fault("missing_events", (1, 2))],
    versions=(V201, V21),
)  # fmt: skip
def a_gap_for_24_hours(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one, seq_no=2)


@case(
    33, "missing_events",
    [suspect(0, 60, 5000, "missing_events", steps=[(0, 60, 5000)])],
    [Fault("missing_events", (1, 2, 3))],
    versions=(V201, V21),
)  # fmt: skip
def a_number_told_twice_stands_for_no_other(s: Speaker) -> None:
    one = s.start(0, R, seq_no=0)
    s.start(0, R, one, seq_no=0)
    s.stop(60, R + 5000, one, seq_no=2)


@case(
    33, "missing_events",
    [suspect(0, 60, 5000, "missing_events", steps=[(0, 60, 5000)])],
    [Fault("missing_events", (1, 2))],
    versions=(V201, V21),
)  # fmt: skip
def as_many_are_missing_as_were_told(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one, seq_no=3)


HUGE = 2**63 - 1


@case(
    33, "missing_events",
    [suspect(0, 60, 5000, "missing_events", steps=[(0, 60, 5000)])],
    [Fault("missing_events", (1, 2))],
    versions=(V201, V21),
)  # fmt: skip
def a_number_beyond_belief(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one, seq_no=HUGE)


@case(
    35, "huge_ids",
    [session(0, 60, 5000, transaction_id=str(HUGE)), session(120, 180, 5000, transaction_id=str(HUGE + 8))],
)  # fmt: skip
def message_ids_restart_too(s: Speaker) -> None:
    s.start(0, R, HUGE, message_id="1")
    s.stop(60, R + 5000, HUGE, message_id="2")
    s.boot(70, message_id="1")
    s.start(120, R + 5000, HUGE + 8, message_id="1")
    s.stop(180, R + 10_000, HUGE + 8, message_id="2")


@case(
    37, "missing_start",
    [suspect(10, 40, 2500, "inferred_end", "missing_start", checks=("no_token",), **NO_END)],
    [Fault("inferred_end"), Fault("missing_start", (1,))],
)  # fmt: skip
def readings_only(s: Speaker) -> None:
    s.meter(10, R, 555, seq_no=1)
    s.meter(40, R + 2500, 555)
    s.status(50, "Available")


@case(
    37, "missing_start",
    [suspect(4910, None, 2500, "missing_start", checks=("no_token",), **GOES_ON)],
    [Fault("missing_start", (1,))],
)  # fmt: skip
def readings_that_go_on(s: Speaker) -> None:
    s.meter(4910, R, 555, seq_no=1)
    s.meter(4940, R + 2500, 555)


@case(
    37, "missing_start",
    [suspect(10, 60, 5000, "missing_start", source="periodic_registers", steps=[(10, 30, 2500), (30, 60, 2500)])],
    [Fault("missing_start", (1,))],
    versions=BOTH,
)  # fmt: skip
def readings_and_a_stop(s: Speaker) -> None:
    s.meter(10, R, 555, seq_no=1)
    s.meter(30, R + 2500, 555)
    s.stop(60, R + 5000, 555, token="T1")


@case(
    40, "joined_by_evse",
    [session(0, 60, 5000, evse_id=1, steps=[(0, 15, 1000), (15, 30, 2000), (30, 60, 2000)])],
    versions=(V201, V21),
)  # fmt: skip
def readings_without_transaction(s: Speaker) -> None:
    one = s.start(0, R, seq_no=0)
    s.samples(10, [sample(50, "SoC")], one, seq_no=0)
    s.meter(15, R + 1000)
    s.meter(30, R + 3000)
    s.stop(60, R + 5000, one, seq_no=0)
