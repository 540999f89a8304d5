"""Lines of files as frames heard: JSON lines in every spelling, logs, and texts of any kind."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.importing.instants import NaiveTime, NoTime, found_instant, instant, microseconds
from ingest.importing.intake import CannotTell, Intake, Told
from ingest.importing.lines import Heard, LineReader, NoFrame, Refused
from ingest.importing.log_shapes import mark_in, station_at_mark, station_in
from ingest.importing.who_calls import STATION_CALLS, VERSIONS, caller, possible_versions
from ingest.ocpp.frames import Frame, Rejection, parse
from ingest.ocpp.schemas import is_action

pytestmark = pytest.mark.fast

BERLIN = ZoneInfo("Europe/Berlin")


def read(*lines: str | bytes) -> list[Heard | Refused | NoFrame]:
    reader = LineReader()
    found: list[Heard | Refused | NoFrame] = []
    for number, line in enumerate(lines, start=1):
        found += reader.read(number, line if isinstance(line, bytes) else line.encode())
    return [*found, *reader.end()]


def closely(line: str) -> Heard | Refused | NoFrame:
    (only,) = LineReader().read(1, line.encode(), closely=True)
    return only


JSON_LINE = '{"station_id":"A","received_at":"2026-01-02T03:04:05Z","direction":"in","ocpp_version":"1.6","frame":%s}'


@pytest.mark.parametrize(
    "line",
    [
        JSON_LINE % '[2,"1","Heartbeat",{ }]',
        JSON_LINE.replace(":", ": ", 1).replace(",", ", ") % '[2,"1","Heartbeat",{ }]',
        JSON_LINE % json.dumps('[2,"1","Heartbeat",{ }]') + "\r",
        '{"frame":[2,"1","Heartbeat",{ }],"direction":"in","received_at":"2026-01-02T03:04:05Z","ocpp_version":"1.6",'
        '"station_id":"A","more":{"frame":1}}',
        ' {"direction":"in","station_id":"A","received_at":"2026-01-02T03:04:05Z","ocpp_version":"1.6",'
        '"frame":[2,"1","Heartbeat",{ }]} ',
    ],
)
def test_a_json_line_is_read_alike_however_it_is_written(line: str) -> None:
    (heard,) = read(line)
    assert isinstance(heard, Heard)
    for found in (closely(line), *([heard] if isinstance(Intake(Told()).parsed(heard), Frame) else [])):
        assert isinstance(found, Heard)
        assert found[1:6] == ('[2,"1","Heartbeat",{ }]', "A", "2026-01-02T03:04:05Z", "in", "1.6")


def test_numbers_and_blanks_of_an_array_stay_as_sent() -> None:
    frame = '[ 2 , "1","DataTransfer",{"vendorId":"v","data": 1.50e3 , "big":99999999999999999999999}]'
    line = f'{{"frame":{frame},"station_id":"A"}}'
    found = closely(line)
    assert isinstance(found, Heard)
    assert found.text == frame


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"station_id":"A"}', "no key `frame`"),
        ('{"station_id":"A","frame":', "not JSON"),
        ('{"frame":7}', "`frame` is neither a JSON array nor a text"),
        ('{"frame":[2,"1","A",{}],"station_id":7}', "`station_id` is not a text"),
    ],
)
def test_lines_that_cannot_be_used_say_why(line: str, reason: str) -> None:
    found = closely(line)
    assert isinstance(found, Refused)
    assert found.reason.startswith(reason)


def test_a_broken_frame_keeps_its_text() -> None:
    (heard,) = read(JSON_LINE % json.dumps('[2,"1","MeterValues",{"transactionId":,}]'))
    assert isinstance(heard, Heard)
    assert isinstance(Intake(Told()).message(heard), Rejection)
    row = Intake(Told()).rejected(heard, Rejection("unparsable", "d"))
    assert row[2:] == (
        "A",
        microseconds(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        "1.6",
        heard.text,
        "unparsable",
        "d",
    )


def test_a_frame_over_lines_ends_with_its_bracket_or_with_the_next_entry() -> None:
    found = read(
        "2026-01-02T03:04:05Z A: receive message [3,",
        '"1", {"note": "]2026-01-01T00:00:00Z",',
        "",
        '"a": 1}] trailing',
        "2026-01-02T03:04:06Z A: receive message [2,",
        '"2",',
        '2026-01-02T03:04:07Z A: receive message [2,"3","Heartbeat",{}]',
    )
    assert [type(line).__name__ for line in found] == ["Heard", "Heard", "Heard"]
    first, cut, last = found
    assert isinstance(first, Heard)
    assert isinstance(last, Heard)
    assert cut.number == 5
    assert first.number == 1
    assert first.text.endswith('"a": 1}]')
    assert (last.number, last.station_id) == (7, "A")


def test_a_line_without_utf8_and_one_without_end() -> None:
    (heard,) = read(b'2026-01-02T03:04:05Z A -> [2,"1","Authorize",{"idTag":"\xff"}]')
    assert isinstance(heard, Heard)
    rejection = Intake(Told(version="1.6")).message(heard)
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "not_utf8"
    assert list(LineReader().read(1, None)) == [Refused(1, "", "longer than 16 MiB")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-04 05:06:07,089", "2026-03-04T04:06:07.089"),
        ("2026/03/04 05:06:07", "2026-03-04T04:06:07"),
        ("[04/Mar/2026:05:06:07 +0200]", "2026-03-04T03:06:07"),
        ("2026-03-04T05:06:07.123456789Z: x", "2026-03-04T05:06:07.123456"),
        ("2026-03-04 05:06:07 UTC", "2026-03-04T05:06:07"),
        ("host 2026-03-04 05:06:07 app 2026-03-04T05:06:08+01:00", "2026-03-04T04:06:08"),
    ],
)
def test_times_in_logs(text: str, expected: str) -> None:
    assert found_instant(text, BERLIN) == microseconds(datetime.fromisoformat(expected).replace(tzinfo=UTC))


def test_times_that_cannot_be_told_are_not_guessed() -> None:
    with pytest.raises(NaiveTime):
        instant("2026-03-04T05:06:07", None)
    for text in ("04/03/2026 05:06:07", "Mar 4 05:06:07", "2026-13-04 05:06:07", ""):
        with pytest.raises(NoTime):
            found_instant(text, BERLIN)


@pytest.mark.parametrize(
    ("prefix", "station", "guessed", "direction"),
    [
        ("… - [chargeBoxId=CP 1, sessionId=9] Received: ", "CP", None, "in"),
        ("INFO:ocpp:CP_1: send ", "CP_1", None, "out"),
        ("TRACE recv CP-1: ", "CP-1", None, "in"),
        ("sent JSON message to CP-1: ", "CP-1", None, "out"),
        (" CP*1 -> ", None, "CP*1", "out"),
        (" [CP:1] << ", None, "CP:1", "in"),
        (" ← CP1 ", None, "CP1", "in"),
        (" ChargePoint>CentralSystem BootNotification ", None, None, "in"),
        (" CSMS -> CP ", None, None, "out"),
        (" INFO -> ", None, None, "out"),
        (" nothing to see ", None, None, None),
    ],
)
def test_what_stands_in_front_of_a_frame(
    prefix: str, station: str | None, guessed: str | None, direction: str | None
) -> None:
    mark = mark_in(prefix)
    assert station_in(prefix) == station
    assert (mark and mark.direction) == direction
    if station is None and not (mark and mark.sure):
        assert station_at_mark(prefix) == guessed


def test_who_calls_what() -> None:
    assert all(
        any(is_action(version, name) for version in VERSIONS) for name in STATION_CALLS - {"NotifyPeriodicEventStream"}
    )
    assert [caller(name) for name in ("Heartbeat", "RemoteStartTransaction", "DataTransfer", "Nonsense")] == [
        "in", "out", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ('[2,"1","StartTransaction",{}]', ("1.6",)),
        ('[2,"1","TransactionEvent",{}]', ("2.0.1", "2.1")),
        ('[2,"1","BatterySwap",{}]', ("2.1",)),
        ('[6,"1","NotifyPeriodicEventStream",{}]', ("2.1",)),
        ('[2,"1","StatusNotification",{"connectorId":1,"status":"Available"}]', ("1.6",)),
        ('[2,"1","StatusNotification",{"connectorId":1,"evseId":1}]', ("2.0.1", "2.1")),
        ('[2,"1","Heartbeat",{}]', VERSIONS),
        ('[3,"1",{"connectorId":1}]', VERSIONS),
    ],
)
def test_versions_that_a_frame_can_be_of(text: str, versions: tuple[str, ...]) -> None:
    frame = parse(text, "2.1")
    assert isinstance(frame, Frame)
    assert possible_versions(frame) == versions


def heard(text: str, prefix: str = "2026-01-02T03:04:05Z A ") -> Heard:
    (found,) = read(prefix + text)
    assert isinstance(found, Heard)
    return found


def test_answers_follow_their_calls_in_both_directions() -> None:
    intake = Intake(Told(station="A", version="1.6"))
    asked = intake.message(heard('[2,"7","Heartbeat",{}]', "2026-01-02T03:04:05Z "))
    commanded = intake.message(heard('[2,"8","Reset",{"type":"Soft"}]', "2026-01-02T03:04:05Z "))
    told = intake.message(heard('[3,"8",{"status":"Accepted"}]', "2026-01-02T03:04:05Z "))
    answered = intake.message(heard('[4,"7","InternalError","",{}]', "2026-01-02T03:04:05Z "))
    assert [(row[4], row[8]) for row in (asked, commanded, told, answered)] == [
        ("in", "Heartbeat"), ("out", "Reset"), ("in", "Reset"), ("out", "Heartbeat"),
    ]  # fmt: skip
    with pytest.raises(CannotTell, match="direction"):
        intake.message(heard('[3,"9",{}]', "2026-01-02T03:04:05Z "))


def test_a_stations_own_log_sends_what_a_central_system_receives() -> None:
    intake = Intake(Told(station="A"))
    intake.message(heard('[2,"1","StartTransaction",{}]', "2026-01-02T03:04:05Z Send: "))
    assert intake.message(heard('[2,"2","DataTransfer",{}]', "2026-01-02T03:04:05Z Send: "))[4] == "in"


def test_the_hour_that_clocks_repeat_goes_on() -> None:
    intake = Intake(Told("S1", "1.6", BERLIN))
    # 2026-10-25: 02:00 to 03:00 comes twice, first at +02:00
    local = ["01:59:00", "02:59:00", "02:58:59", "02:00:30", "02:30:00", "03:00:00"]
    rows = [intake.message(heard('[2,"1","Heartbeat",{}]', f"2026-10-25 {time} ")) for time in local]
    begin = microseconds(datetime(2026, 10, 25, tzinfo=UTC))
    assert [(row[3] - begin) // 60_000_000 for row in rows] == [-1, 59, 58, 60, 90, 120]


def test_what_is_not_told_is_refused_with_the_mend() -> None:
    intake = Intake(Told())
    for prefix, text, match in (
        ("2026-01-02T03:04:05Z ", '[2,"1","StartTransaction",{}]', "--station"),
        ("A: send ", '[2,"1","StartTransaction",{}]', "no time"),
        ("2026-01-02 03:04:05 A: send ", '[2,"1","StartTransaction",{}]', "--time-zone"),
        ("2026-01-02T03:04:05Z A: send ", '[2,"1","Heartbeat",{}]', "--version"),
    ):
        with pytest.raises(CannotTell, match=match):
            intake.message(heard(text, prefix))


@given(st.lists(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), max_size=8))
@example([b'2026-01-02T03:04:05Z A -> [2,"1","X",{"\\ud800":1}]', b"[", b"2,"])
@example([b'{"frame":"\\ud800"}', b'{"log":"[2,\\"1\\",","time":1}'])
def test_no_text_stops_the_reader(lines: list[bytes]) -> None:
    intake = Intake(Told("S", "1.6", ZoneInfo("UTC")))
    for line in read(*lines):
        if isinstance(line, Heard):
            try:
                row = intake.message(line)
                if isinstance(row, Rejection):
                    row = intake.rejected(line, row)
            except CannotTell:
                continue
            assert all(not isinstance(value, str) or value.encode() is not None for value in row)


_PIECES = st.sampled_from(
    ['[2,"1",', '"MeterValues",', "{", "}", "]", '"', "\\", "2026-01-02T03:04:05Z", " A", " -> ", "recv", "\n",
     '{"frame":', '"log":', "[", "[3,", "\x1b[31m", "\x00", "…"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_no_arrangement_of_the_usual_pieces_stops_the_reader(text: str) -> None:
    test_no_text_stops_the_reader.hypothesis.inner_test(text.encode().split(b"\n"))  # type: ignore[attr-defined]


def test_a_frame_that_never_ends_is_given_up() -> None:
    reader = LineReader()
    list(reader.read(1, b'2026-01-02T03:04:05Z A -> [2,"1","X",{'))
    tracemalloc.start()
    found = [line for number in range(2, 4_000) for line in reader.read(number, b'"k":"' + b"v" * 1_000 + b'",')]
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert sum(isinstance(line, Heard) for line in found) == 1
