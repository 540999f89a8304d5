"""Registers that restart, lie, change scale or unit, or are missing."""

from __future__ import annotations

from decimal import Decimal

from tests.golden.faults.model import (
    BEGIN,
    END,
    INTERVAL,
    POWER,
    V16,
    V21,
    V201,
    Fault,
    R,
    Speaker,
    case,
    sample,
    session,
    stamp,
    suspect,
)

PERIODIC = {"source": "periodic_registers"}
REGISTER = "Energy.Active.Import.Register"


@case(
    1, "implausible_begin_register",
    [suspect(0, 60, 5000, "implausible_begin_register", begin_register_wh=909_948, **PERIODIC)],
    [Fault("implausible_begin_register", (1, 2))],
)  # fmt: skip
def zero_at_an_offline_begin(s: Speaker) -> None:
    one = s.start(0, 0, received=14)
    s.meter(15, 909_948, one)
    s.meter(30, 911_948, one)
    s.stop(60, 914_948, one)


@case(
    1, "implausible_power",
    [suspect(0, 60, 914_948, "implausible_power", checks=("high_energy", "mean_power_over_rating"))],
    [Fault("implausible_power", (1, 2))],
)  # fmt: skip
def no_other_register_against_it(s: Speaker) -> None:
    one = s.start(0, 0)
    s.stop(60, 914_948, one)


SOC = [sample("40", "SoC", unit="Percent")]
CLOCK = [sample("230.1", "Voltage", context="Sample.Clock", unit="V")]


@case(2, "no_register_in_a_batch", [session(0, 60, 5000, steps=[(0, 15, 2000), (15, 60, 3000)])])
def soc_and_clock_samples(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(15, R + 2000, one)
    s.samples(30, SOC if s.is_16 else [sample(40, "SoC")], one)
    s.samples(45, CLOCK if s.is_16 else [sample(230.1, "Voltage", context="Sample.Clock")], one)
    s.stop(60, R + 5000, one)


@case(2, "no_register_in_a_batch", [session(4900, None, 2000, **PERIODIC)])
def soc_is_the_newest(s: Speaker) -> None:
    one = s.start(4900, R)
    s.meter(4915, R + 2000, one)
    s.samples(4930, SOC if s.is_16 else [sample(40, "SoC")], one)


@case(
    7, "register_decreased",
    [suspect(0, 60, 4000, "register_decreased", steps=[(0, 15, 2000), (30, 45, 1000), (45, 60, 1000)], **PERIODIC)],
    [Fault("register_decreased", (2, 3))],
)  # fmt: skip
def readings_show_both_rises(s: Speaker) -> None:
    one = s.start(0, 50_000)
    s.meter(15, 52_000, one)
    s.meter(30, 1000, one)
    s.meter(45, 2000, one)
    s.stop(60, 3000, one)


@case(
    7, "register_decreased",
    [suspect(0, 60, 2220, "register_decreased", steps=[(0, 30, 2220)], **PERIODIC)],
    [Fault("register_decreased", (2, 3))],
)  # fmt: skip
def only_the_stop_is_after_the_reset(s: Speaker) -> None:
    one = s.start(0, 5000)
    s.meter(30, 7220, one)
    s.stop(60, 54, one)


@case(
    7, "register_decreased",
    [session(0, 60, None, grade="unbillable", flags=("register_decreased",), steps=[])],
    [Fault("register_decreased", (1, 2))],
)  # fmt: skip
def no_readings_show_it(s: Speaker) -> None:
    one = s.start(0, 5000)
    s.stop(60, 200, one)


@case(
    14, "mixed_registers",
    [session(
        0, 60, 5000, flags=("mixed_registers",), begin_register_wh=4_076_000, end_register_wh=4_081_000,
        steps=[(0, 20, 1700), (20, 40, 1700), (40, 60, 1600)],
    )],
    [Fault("mixed_registers", (1, 2))],
)  # fmt: skip
def lifetime_at_the_edges_relative_between(s: Speaker) -> None:
    one = s.start(0, 4_076_000)
    s.meter(20, 1700, one)
    s.meter(40, 3400, one)
    s.stop(60, 4_081_000, one)


@case(15, "resets", [session(0, 60, 5000), session(120, 180, 6000)])
def at_each_transaction(s: Speaker) -> None:
    s.boot(-5, "PerTransaction")
    one = s.start(0, 0)
    s.meter(30, 2500, one)
    s.stop(60, 5000, one)
    two = s.start(120, 0)
    s.meter(150, 3000, two)
    s.stop(180, 6000, two)


@case(15, "resets", [session(0, 60, 5000), session(120, 180, 6000)])
def at_a_boot_between_sessions(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one)
    s.boot(90)
    two = s.start(120, 0)
    s.stop(180, 6000, two)


@case(
    15, "resets",
    [suspect(
        0, 60, 5000, "register_decreased", steps=[(0, 15, 2000), (15, 30, 1000), (30, 45, 1000), (45, 60, 1000)],
        **PERIODIC,
    )],
    [Fault("register_decreased", (3, 5))],
)  # fmt: skip
def at_a_boot_within_from_0_as_the_profile_says(s: Speaker) -> None:
    s.boot(-5, "AtBoot")
    one = s.start(0, 50_000)
    s.meter(15, 52_000, one)
    s.boot(20, "AtBoot")
    s.meter(30, 1000, one)
    s.meter(45, 2000, one)
    s.stop(60, 3000, one)


def with_power(s: Speaker, register: float, **more: object) -> list[dict[str, object]]:
    return [sample(str(register) if s.is_16 else register, **more), sample("5000" if s.is_16 else 5000, POWER)]


def kwh_called_wh(s: Speaker) -> None:
    one = s.start(0, 100)
    for minute, register in ((15, 101.25), (30, 102.5), (45, 103.75)):
        s.samples(minute, with_power(s, register, unit="Wh"), one)
    s.stop(60, 105, one)


@case(
    16, "unit_mismatch",
    [suspect(0, 60, 5, "unit_mismatch", checks=("low_energy",))],
    [Fault("unit_mismatch", (2,))],
)  # fmt: skip
def kwh_labelled_wh(s: Speaker) -> None:
    kwh_called_wh(s)


@case(
    16, "unit_mismatch",
    [suspect(0, 60, 5, "unit_mismatch", checks=("low_energy",))],
    [Fault("unit_mismatch", (2,))],
)  # fmt: skip
def power_by_phases_tells_it_too(s: Speaker) -> None:
    one = s.start(0, 100)
    third = "2000" if s.is_16 else 2000
    phases = [sample(third, POWER, phase=phase) for phase in ("L1", "L2", "L3")]
    for minute, register in ((15, 101.25), (30, 102.5), (45, 103.75)):
        s.samples(minute, [sample(str(register) if s.is_16 else register, unit="Wh"), *phases], one)
    s.stop(60, 105, one)


@case(16, "unit_mismatch", [session(0, 60, 5000)])
def corrected_as_the_profile_says(s: Speaker) -> None:
    s.boot(-5, "KiloAsWatt")
    kwh_called_wh(s)


@case(
    16, "unit_mismatch",
    [suspect(
        0, 60, 5_000_000, "implausible_power", "unit_mismatch", checks=("high_energy", "mean_power_over_rating"),
    )],
    [Fault("implausible_power"), Fault("unit_mismatch", (2,))],
    versions=(V201,),
)  # fmt: skip
def wh_labelled_kwh(s: Speaker) -> None:
    kwh = {"unitOfMeasure": {"unit": "kWh"}}
    one = s.start(0, samples=[sample(2000, context=BEGIN, **kwh)])
    for minute, register in ((15, 3250), (30, 4500), (45, 5750)):
        s.samples(minute, with_power(s, register, **kwh), one)
    s.stop(60, None, one, samples=[sample(7000, context=END, **kwh)])


@case(
    17, "missing_end_register",
    [suspect(0, 60, 4600, "missing_end_register", end_register_wh=R + 4600, **PERIODIC)],
    [Fault("missing_end_register", (4,))],
)  # fmt: skip
def the_last_reading_stands_in(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one)
    s.meter(55, R + 4600, one)
    s.stop(60, None, one)


@case(
    17, "no_registers",
    [session(0, 60, None, grade="unbillable", flags=("no_registers",), steps=[])],
    [Fault("no_registers")],
)  # fmt: skip
def no_reading_at_all(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, None, one)


@case(
    18, "register_gap",
    [session(0, 60, 5000), session(120, 180, 5000, begin_register_wh=R + 6200)],
    [Fault("register_gap", (2, 3), session=None, energy_wh=1200)],
)  # fmt: skip
def it_rises_between_two_sessions(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one)
    two = s.start(120, R + 6200)
    s.stop(180, R + 11_200, two)


@case(18, "no_gap", [session(0, 60, 5000), session(120, 180, 5000)])
def it_stays_between_two_sessions(s: Speaker) -> None:
    one = s.start(0, R)
    s.stop(60, R + 5000, one)
    two = s.start(120, R + 5000)
    s.stop(180, R + 10_000, two)


@case(18, "no_gap", [session(0, 60, 5000), session(0, 60, 6000)])
def other_connectors_have_other_registers(s: Speaker) -> None:
    one = s.start(0, R)
    two = s.start(0, R + 7000, token="T2", connector=2)
    s.stop(60, R + 5000, one)
    s.stop(60, R + 13_000, two)


@case(
    22, "transaction_0", [session(0, 60, 5000, steps=[(0, 15, 1250), (15, 30, 1250), (30, 60, 2500)])], versions=(V16,)
)
def in_kwh(s: Speaker) -> None:
    one = s.start(0, R, 5022)
    s.meter(15, "101.25", 0, unit="kWh")
    s.meter(30, "102.5", 0, unit="kWh")
    s.stop(60, R + 5000, one)


@case(
    22, "transaction_0",
    [suspect(0, 30, 2500, "inferred_end", state="inferred_end", **PERIODIC)],
    [Fault("inferred_end")],
    versions=(V16,),
)  # fmt: skip
def all_that_there_is(s: Speaker) -> None:
    s.start(0, R, 5023)
    s.meter(15, "101.25", 0, unit="kWh")
    s.meter(30, "102.5", 0, unit="kWh")


@case(27, "connector_0", [session(0, 60, 5000, steps=[(0, 15, 1000), (15, 60, 4000)])])
def sum_of_all_connectors(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(15, R + 1000, one)
    s.meter(30, 20 * R, connector=0)
    if s.is_16:
        s.meter(40, R + 4900, one, connector=0)
    s.stop(60, R + 5000, one)


@case(27, "connector_0", [session(4900, None, 1000, **PERIODIC)])
def sum_of_all_connectors_while_it_goes_on(s: Speaker) -> None:
    one = s.start(4900, R)
    s.meter(4915, R + 1000, one)
    s.meter(4930, R + 9000, connector=0)


@case(29, "repeated_readings", [session(0, 60, 5000, steps=[(0, 15, 1200), (15, 30, 1300), (30, 60, 2500)])])
def out_of_order_and_twice(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one, seq_no=2)
    s.meter(15, R + 1200, one, received=31, seq_no=1)
    s.meter(30, R + 2500, one, received=32, seq_no=2)
    s.stop(60, R + 5000, one, seq_no=3)


def phases(*values: int, context: str) -> list[dict[str, object]]:
    return [sample(value, phase=f"L{n}", context=context) for n, value in enumerate(values, 1)]


@case(31, "phases", [session(0, 60, 5000, begin_register_wh=6000, end_register_wh=11_000)], versions=(V201, V21))
def without_a_total(s: Speaker) -> None:
    one = s.start(0, samples=phases(1000, 2000, 3000, context=BEGIN))
    s.stop(60, None, one, samples=phases(3000, 3500, 4500, context=END))


@case(31, "phases", [session(0, 60, 5000, begin_register_wh=R, end_register_wh=R + 5000)], versions=(V201, V21))
def beside_a_total(s: Speaker) -> None:
    one = s.start(0, samples=[*phases(1000, 2000, 3000, context=BEGIN), sample(R, context=BEGIN)])
    s.stop(60, None, one, samples=[sample(R + 5000, context=END), *phases(3000, 3500, 4500, context=END)])


@case(31, "phases", [session(0, 60, 5000, steps=[(0, 30, 2500), (30, 60, 2500)])])
def one_phase_is_the_whole(s: Speaker) -> None:
    one = s.start(0, R)
    s.meter(30, R + 2500, one, phase="L1")
    s.stop(60, R + 5000, one)


@case(32, "intervals", [session(0, 60, 5000, steps=[(0, 30, 2500), (30, 60, 2500)])])
def beside_registers(s: Speaker) -> None:
    one = s.start(0, R)
    interval = sample("2500" if s.is_16 else 2500, INTERVAL)
    s.samples(30, [interval, sample(str(R + 2500) if s.is_16 else R + 2500)], one)
    s.stop(60, R + 5000, one)


@case(32, "intervals", [session(0, 60, 5000, source="intervals")], versions=(V201, V21))
def instead_of_registers(s: Speaker) -> None:
    one = s.start(0)
    for minute in (15, 30, 45):
        s.samples(minute, [sample(1250, INTERVAL)], one)
    s.stop(60, None, one, samples=[sample(1250, INTERVAL, context=END)])


# The catalogue names no flag for it: that it is suspect is what counts.
@case(32, "power", [session(0, 60, 5000, source="power", grade="suspect", flags=None)], None, versions=(V201,))
def power_is_all_there_is(s: Speaker) -> None:
    one = s.start(0, samples=[sample(5000, POWER, context=BEGIN)])
    for minute in (15, 30, 45):
        s.samples(minute, [sample(5000, POWER)], one)
    s.stop(60, None, one, samples=[sample(5000, POWER, context=END)])


@case(36, "one_set_in_pieces", [session(0, 60, 5000, max_power_w=Decimal(5200), steps=[(0, 30, 2500), (30, 60, 2500)])])
def each_sample_in_its_own_set(s: Speaker) -> None:
    one = s.start(0, R)
    samples = [sample(R + 2500), sample(5200, POWER), sample(40, "SoC")]
    s.samples(30, [], one, sets=[{"timestamp": stamp(30), "sampledValue": [each]} for each in samples])
    s.stop(60, R + 5000, one)


@case(36, "one_set_in_pieces", [session(0, 60, 5000, steps=[(0, 15, 1000), (15, 30, 1500), (30, 60, 2500)])])
def begin_repeated_in_every_set(s: Speaker) -> None:
    one = s.start(0, R)
    s.samples(15, [sample(R + 1000), sample(R, context=BEGIN)], one)
    s.samples(30, [sample(R, context=BEGIN), sample(R + 2500)], one)
    s.stop(60, R + 5000, one)


@case(
    41, "zero_readings",
    [suspect(0, 60, 0, "zero_readings", checks=("no_energy",))],
    [Fault("zero_readings", (3,))],
)  # fmt: skip
def charging_without_a_wh(s: Speaker) -> None:
    one = s.start(0, 0)
    s.status(1, "Charging")
    for minute in (15, 30, 45):
        s.samples(
            minute,
            [sample("0" if s.is_16 else 0), sample("0" if s.is_16 else 0, POWER)],
            one,
            charging_state="Charging",
        )
    s.stop(60, 0, one)


@case(41, "suspended", [session(0, 60, 0, checks=("no_energy",))], versions=(V16,))
def the_vehicle_takes_nothing(s: Speaker) -> None:
    one = s.start(0, R)
    s.status(1, "SuspendedEV")
    for minute in (15, 30, 45):
        s.samples(minute, [sample(str(R)), sample("0", POWER)], one)
    s.stop(60, R, one)
