"""Frames that break the schema or are none, stations that share a name, readers that change a token."""

from __future__ import annotations

from decimal import Decimal

from tests.golden.faults.model import POWER, V16, V21, V201, Fault, R, Speaker, case, sample, session, stamp

CURVE = {"steps": [(0, 15, 1250), (15, 30, 1250), (30, 60, 2500)]}


@case(21, "schema_error", [session(0, 60, 5000, flags=("schema_error",), **CURVE)], [Fault("schema_error", (2, 3))])
def strange_shapes(s: Speaker) -> None:
    one = s.start(0, R)
    lone: object = {"timestamp": stamp(15), "sampledValue": [sample(R + 1250, unit="Wh")]}
    s.samples(15, [], one, sets=lone, schema_error="meterValue: is not an array")
    unknown = [sample("3", "Mood"), sample("5", "Energy.Active.Import.Register", unit="furlong")]
    s.samples(30, [*unknown, sample(R + 2500)], one, schema_error="measurand: is not one of the enumeration")
    s.stop(60, R + 5000, one)


@case(24, "offline", [], states=[("available", 0, 30), ("offline", 30, None)])
def its_last_word_was_available(s: Speaker) -> None:
    s.connect(-1)
    s.status(0, "Available")
    s.disconnect(30)


@case(
    28, "reader_appends_its_serial",
    [session(0, 60, 5000, token="AABBCCDD"), session(120, 180, 5000, token="AABBCCDD")],
)  # fmt: skip
def the_models_rule_takes_it_off(s: Speaker) -> None:
    s.boot(-5, "LoudReader")
    s.stop(60, R + 5000, s.start(0, R, token="AABBCCDD"))
    s.stop(180, R + 10_000, s.start(120, R + 5000, token="AABBCCDD-R77"))


@case(
    30, "identity_conflict",
    [session(1, 60, 5000)],
    [Fault("identity_conflict", (1, 4), session=None)],
    states=[("available", 0, 1), ("charging", 1, 61), ("available", 61, None)],
    versions=(V16,),
)  # fmt: skip
def the_old_socket_closes_after_the_new_one_opened(s: Speaker) -> None:
    old = s.connect(-1)
    s.status(0, "Available")
    one = s.start(1, R)
    s.connect(10)
    s.status(1, "Charging", received=10)
    s.disconnect(20, old)
    s.stop(60, R + 5000, one)
    s.status(61, "Available")


@case(
    30, "identity_conflict",
    [],
    [Fault("identity_conflict", (1, 3), session=None)],
    states=[("available", 0, 40), ("offline", 40, None)],
    versions=(V201,),
)  # fmt: skip
def two_stations_until_the_newer_one_leaves(s: Speaker) -> None:
    old = s.connect(-1)
    s.status(0, "Available")
    s.connect(10)
    s.disconnect(40)
    s.disconnect(50, old)


@case(
    34, "unparsable",
    [session(0, 60, 5000, steps=[(0, 40, 3500), (40, 60, 1500)])],
    rejected=[("unparsable", '[2,"bad-1","MeterValues",{"connectorId":1,'), ("unparsable", '[2, "bad-2"')],
    versions=(V16,),
)  # fmt: skip
def no_json_over_lines_and_cut_off(s: Speaker) -> None:
    s.start(0, R, 34)
    sets = f'"meterValue":[{{"timestamp":"{stamp(30)}","sampledValue":[{{"value":"102500"}}]}}]'
    s.text(f'[2,"bad-1","MeterValues",{{"connectorId":1,"transactionId":,{sets}}}]', 30)
    meter = {"timestamp": stamp(40), "sampledValue": [{"value": str(R + 3500)}]}
    body = {"connectorId": 1, "transactionId": 34, "meterValue": [meter]}
    s.text(s.json("MeterValues", body, "good", indent=2), 40)
    s.text(s.json("MeterValues", body, "bad-2")[:-30], 50)
    s.stop(60, R + 5000, 34)


@case(
    42, "schema_error",
    [session(0, 60, 5000, flags=("schema_error",), max_power_w=Decimal(6000), **CURVE)],
    [Fault("schema_error", (2,))],
    no_value=(POWER,),
    versions=(V16, V201, V21),
)  # fmt: skip
def power_in_wh_and_by_phases(s: Speaker) -> None:
    one = s.start(0, R)
    wh = {"unit": "Wh"} if s.is_16 else {"unitOfMeasure": {"unit": "Wh"}}
    s.samples(15, [sample("5000", POWER, **wh), sample(f"  {R + 1250}.0 "), sample("0", "SoC")], one)
    s.samples(30, [*(sample("2000", POWER, phase=f"L{n}") for n in (1, 2, 3)), sample(str(R + 2500))], one)
    s.stop(60, R + 5000, one)


@case(42, "power_by_phases", [session(0, 60, 5000, max_power_w=Decimal(6500), **CURVE)])
def a_total_beside_phases(s: Speaker) -> None:
    one = s.start(0, R)
    powers = [sample("6500", POWER), *(sample("2200", POWER, phase=f"L{n}") for n in (1, 2, 3))]
    s.samples(15, [*powers, sample(str(R + 1250))], one)
    s.meter(30, R + 2500, one)
    s.stop(60, R + 5000, one)
