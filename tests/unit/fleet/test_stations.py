"""Every call of a made-up station holds to OCPP's own JSON schema and carries the session exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import jsonschema_rs
import orjson
import pytest

from ingest.fleet.errors import AnswerUnusable, StationRefused
from ingest.fleet.script import Hardware, Tally, perform
from ingest.fleet.session import Curve, Session, epoch_us, micro_wh, stamp, wh_text, with_registers
from ingest.fleet.station16 import Station16
from ingest.fleet.station201 import Station201, transaction_id

pytestmark = pytest.mark.fast

ARRIVAL = datetime(2019, 5, 1, 8, 18, 45, tzinfo=UTC)
AWKWARD = 'a "quoted" \\ id, é 2019'


def session(**changes):
    given = {
        "site_id": "caltech",
        "station_id": "CA-305",
        "evse_id": 1,
        "connector_id": 1,
        "started_at": ARRIVAL,
        "ended_at": ARRIVAL + timedelta(hours=9),
        "energy_wh": Decimal("18565.717778"),
        "id_token": "04A1B2C3D4E5F6",
        "external_session_id": AWKWARD,
    }
    return Session(**(given | changes))


def hardware(rating=7200):
    return Hardware("CA-305", 'Vendor "Q"', "Model", {(1, 1): rating})


def answers(call):
    """What a central system that grants everything answers."""
    accepted = {"status": "Accepted", "interval": 300, "currentTime": "2019-05-01T00:00:00Z"}
    return {
        "BootNotification": accepted,
        "Authorize": {"idTagInfo": {"status": "Accepted"}, "idTokenInfo": {"status": "Accepted"}},
        "StartTransaction": {"transactionId": 77, "idTagInfo": {"status": "Accepted"}},
    }.get(call[0], {})


def listen(script, answer=answers):
    """Run a script to its end: [(instant, action, payload)]."""
    heard = []
    try:
        when, text = next(script)
        while True:
            call = orjson.loads(f"[{text}]")
            heard.append((when, *call))
            when, text = script.send(orjson.dumps([3, "1", answer(call)]).decode())
    except StopIteration:
        return heard


def whole_life(station, sessions):
    yield from station.opening(epoch_us(ARRIVAL) - 10)
    yield from perform(station, with_registers(sessions, micro_wh(Decimal("1000.5"))))
    yield from station.closing(epoch_us(ARRIVAL + timedelta(days=2)))


def schema_name(version, action):
    return ("v16", f"{action}.json") if version == "1.6" else ("v201", f"{action}Request.json")


@pytest.mark.parametrize(("version", "kind"), [("1.6", Station16), ("2.0.1", Station201)])
def test_every_call_holds_to_the_schema(version, kind):
    sessions = [
        session(),
        session(started_at=ARRIVAL + timedelta(hours=10), ended_at=ARRIVAL + timedelta(hours=10, minutes=3),
                energy_wh=Decimal("40470.123"), external_session_id="too fast"),
        session(started_at=ARRIVAL + timedelta(hours=11), ended_at=ARRIVAL + timedelta(hours=12, microseconds=5),
                energy_wh=Decimal(0), external_session_id="nothing", id_token=None),
    ]  # fmt: skip
    heard = listen(whole_life(kind(hardware()), sessions))
    schemas = {}
    for when, action, payload in heard:
        if action not in schemas:
            folder, name = schema_name(version, action)
            text = files("ocpp").joinpath(folder, "schemas", name).read_text(encoding="utf-8-sig")
            schemas[action] = jsonschema_rs.validator_for(orjson.loads(text))
        assert not list(schemas[action].iter_errors(payload)), (action, payload)
        assert isinstance(when, int)
    expected = {"BootNotification", "StatusNotification", "Authorize"}
    expected |= (
        {"StartTransaction", "StopTransaction", "MeterValues", "DataTransfer"}
        if version == "1.6"
        else {"TransactionEvent"}
    )
    assert set(schemas) == expected
    assert [when for when, *_ in heard] == sorted(when for when, *_ in heard)


@pytest.mark.parametrize("kind", [Station16, Station201])
def test_number_of_calls_is_known_beforehand(kind):
    sessions = [session(), session(energy_wh=Decimal(0), id_token=None, started_at=ARRIVAL + timedelta(hours=10),
                                   ended_at=ARRIVAL + timedelta(hours=11))]  # fmt: skip
    station = kind(hardware())
    expected = station.frame_calls + sum(station.session_calls(each) for each in sessions)
    assert len(listen(whole_life(station, sessions))) == expected


def test_16_tells_exact_registers_and_the_files_id():
    heard = listen(whole_life(Station16(hardware()), [session()]))
    by_action = {action: payload for _, action, payload in heard}
    stop = by_action["StopTransaction"]
    values = [Decimal(entry["sampledValue"][0]["value"]) for entry in stop["transactionData"]]
    contexts = [entry["sampledValue"][0]["context"] for entry in stop["transactionData"]]
    assert values == [Decimal("1000.5"), Decimal("19566.217778")]
    assert contexts == ["Transaction.Begin", "Transaction.End"]
    assert (by_action["StartTransaction"]["meterStart"], stop["meterStop"]) == (1000, 19566)
    assert stop["transactionId"] == 77
    assert orjson.loads(by_action["DataTransfer"]["data"]) == {"transactionId": 77, "sessionId": AWKWARD}
    states = [
        payload["status"] for _, action, payload in heard if action == "StatusNotification" and payload["connectorId"]
    ]
    assert states == ["Available", "Preparing", "Charging", "SuspendedEV", "Finishing", "Available", "Unavailable"]


def test_201_tells_exact_registers_and_the_files_id():
    events = [
        payload
        for _, action, payload in listen(whole_life(Station201(hardware()), [session()]))
        if action == "TransactionEvent"
    ]
    first, last = events[0], events[-1]
    assert (first["eventType"], last["eventType"]) == ("Started", "Ended")
    assert first["customData"] == {"vendorId": "kwhouse", "sessionId": AWKWARD}
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert {event["transactionInfo"]["transactionId"] for event in events} == {transaction_id(session())}
    registers = [event["meterValue"][0]["sampledValue"][0]["value"] for event in events]
    assert registers == sorted(registers)
    assert (registers[0], registers[-1]) == (1000.5, 19566.217778)
    assert [e["triggerReason"] for e in events].count("ChargingStateChanged") == 1


@pytest.mark.parametrize("kind", [Station16, Station201])
def test_readings_come_at_each_quarter_hour(kind):
    heard = listen(whole_life(kind(hardware()), [session()]))
    marks = [
        payload["meterValue"][0]["timestamp"]
        for _, action, payload in heard
        if "meterValue" in payload and payload["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"
    ]
    first = datetime(2019, 5, 1, 8, 30, tzinfo=UTC)
    assert marks == [f"{first + timedelta(minutes=15 * i):%Y-%m-%dT%H:%M:%SZ}" for i in range(36)]


@pytest.mark.parametrize("kind", [Station16, Station201])
def test_overlapping_sessions_are_interleaved_and_keep_their_energy(kind):
    pair = [
        session(energy_wh=Decimal("5079.25"), ended_at=ARRIVAL + timedelta(hours=2), external_session_id="a"),
        session(energy_wh=Decimal("7000.5"), ended_at=ARRIVAL + timedelta(hours=4), external_session_id="b"),
    ]
    numbers = iter(range(1, 9))

    def answer(call):
        return {"transactionId": next(numbers)} if call[0] == "StartTransaction" else answers(call)

    heard = listen(whole_life(kind(hardware()), pair), answer)
    instants = [when for when, *_ in heard]
    assert instants == sorted(instants)
    ranges = {}
    for _, action, payload in heard:
        for entry in (
            payload.get("transactionData", []) if action == "StopTransaction" else payload.get("meterValue", [])
        ):
            sample = entry["sampledValue"][0]
            key = payload.get("transactionId") or payload["transactionInfo"]["transactionId"]
            ranges.setdefault(key, []).append(Decimal(str(sample["value"])))
    spans = sorted((min(values), max(values)) for values in ranges.values())
    assert spans == [(Decimal("1000.5"), Decimal("6079.75")), (Decimal("6079.75"), Decimal("13080.25"))]
    frees = [p for _, a, p in heard if a == "StatusNotification" and "Available" in p.values() and p.get("connectorId")]
    assert len(frees) == 2, "free at the opening and after the last of the two, not between"


@pytest.mark.parametrize("kind", [Station16, Station201])
@pytest.mark.parametrize("heed", [True, False])
def test_refused_token(kind, heed):
    def answer(call):
        refused = {"idTagInfo": {"status": "Invalid"}, "idTokenInfo": {"status": "Invalid"}}
        return refused if call[0] == "Authorize" else answers(call)

    tally = Tally()
    heard = listen(whole_life(kind(hardware(), tally, heed=heed), [session()]), answer)
    started = {"StartTransaction", "TransactionEvent"} & {action for _, action, _ in heard}
    assert bool(started) is not heed
    assert tally.tokens_refused == 1


def test_a_refused_boot_and_an_unusable_answer_name_the_mend():
    with pytest.raises(StationRefused, match="registry apply"):
        listen(whole_life(Station201(hardware()), []), lambda call: {"status": "Rejected"})
    with pytest.raises(AnswerUnusable, match="StartTransaction"):
        listen(whole_life(Station16(hardware()), [session()]),
               lambda call: {} if call[0] == "StartTransaction" else answers(call))  # fmt: skip


def test_curve_is_exact_at_both_ends_and_never_falls():
    curve = Curve.of(session(), 7200)
    assert curve.delivered(curve.begin) == 0
    assert curve.delivered(curve.full) == curve.delivered(curve.end) == curve.energy == 18_565_717_778
    # 18565.717778 Wh at 7200 W: 9282.86 s, up to the whole second
    assert curve.full - curve.begin == 9_283_000_000
    values = [curve.delivered(when) for when in range(curve.begin, curve.end, 60_000_000)]
    assert values == sorted(values)


def test_energy_above_the_rating_is_spread_over_the_whole_session():
    curve = Curve.of(session(energy_wh=Decimal(34402), ended_at=ARRIVAL + timedelta(seconds=153)), 50_000)
    assert (curve.full, curve.power_w) == (curve.end, 809_458)


def test_times_and_registers_as_text():
    assert stamp(epoch_us(ARRIVAL)) == "2019-05-01T08:18:45Z"
    assert stamp(epoch_us(ARRIVAL) + 5) == "2019-05-01T08:18:45.000005Z"
    assert (wh_text(1_000_000), wh_text(1_500_000), wh_text(7)) == ("1", "1.500000", "0.000007")
    with pytest.raises(ValueError, match="six decimals"):
        micro_wh(Decimal("0.0000001"))


def test_the_transaction_id_is_the_same_for_ever():
    # the id of a session in a file decides it; a change here would double the sessions of a repeated replay
    assert transaction_id(session(external_session_id="1")) == "4b916d2f-70fe-599d-b8f8-657fec23daec"
