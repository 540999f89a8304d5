"""A session's story, from frames on the wire: what proves it, what it costs, what it was before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import kwhouse
from tests.landed import Wire, at, iso, land, reading
from tests.pipeline import bring_up_to_date
from tests.registered import register_stations
from warehouse import story
from warehouse.errors import InputError, SessionGone, SessionUnknown
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

BEGIN, END = "Transaction.Begin", "Transaction.End"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    settings = load_settings(home=tmp_path)
    register_stations(settings, {"A": "la", "B": "la"}, {"la": "America/Los_Angeles"})
    with open_lake(settings) as opened:
        yield opened


def refresh(lake: Lake, wire: Wire) -> None:
    land(lake.settings, wire)
    wire.messages.clear()
    wire.connections.clear()
    bring_up_to_date(lake)


def session_ids(lake: Lake) -> list[str]:
    return [row[0] for row in lake.con.execute("SELECT session_id FROM core.sessions ORDER BY started_at").fetchall()]


def roles(told: story.Story) -> list[tuple[str, str | None]]:
    return [(frame.role, frame.action) for frame in told.frames]


def test_the_frames_of_a_session_and_of_no_other(lake: Lake) -> None:
    wire = Wire()
    # The same transaction id and message ids on two stations, and another session before on the same connector.
    for station in ("A", "B"):
        first = wire.start(station, at(0), 1000, token="SECRET-1", message_id="1")
        wire.stop(station, first, at(30), 2000, message_id="2")
        second = wire.start(station, at(60), 2000, token="SECRET-2", message_id="1")
        wire.meter(station, second, at(75), "2500.5", message_id="3")
        wire.stop(station, second, at(90), 3000, [reading(at(90), "3000", END)], message_id="4")
    refresh(lake, wire)
    wanted = lake.con.execute(
        "SELECT session_id FROM core.sessions WHERE station_id = 'A' AND started_at = ?", [at(60)]
    ).fetchall()[0][0]
    told = story.tell(lake, wanted)
    assert roles(told) == [
        ("start", "StartTransaction"),
        ("answer", "StartTransaction"),
        ("reading", "MeterValues"),
        ("stop", "StopTransaction"),
    ]
    assert [frame.direction for frame in told.frames] == ["in", "out", "in", "in"]
    assert told.frames[0].name == f"test:{told.frames[0].seq}"
    for text in (story.in_words(told), json.dumps([frame.payload for frame in told.frames])):
        assert "SECRET" not in text
        assert told.session["id_token"] in text
    assert "1.000 kWh, from" in story.in_words(told)


def test_what_a_station_writes_does_nothing_to_a_terminal(lake: Lake) -> None:
    wire = Wire()
    number = wire.start("A", at(0), 1000)
    wire.stop("A", number, at(30), 2000, reason="\u009b2J\x1b[2J\nGrade ok")
    refresh(lake, wire)
    text = story.in_words(story.tell(lake, session_ids(lake)[0]), all_frames=True)
    assert "\\x9b2J\\x1b[2J" in text
    assert all(character.isprintable() or character == "\n" for character in text)
    assert not any(line.startswith("Grade ok") for line in text.splitlines())


def test_2x_frames_and_readings_without_a_transaction(lake: Lake) -> None:
    wire, evse = Wire(), {"id": 1, "connectorId": 1}
    token = {"idToken": "SECRET-3", "type": "ISO14443"}
    wire.event("B", "Started", "t1", at(0), reading(at(0), "5000", BEGIN), evse=evse, idToken=token)
    body = {"evseId": 1, "meterValue": [reading(at(10), "5500")]}
    wire.call("B", "MeterValues", body, at(10), version="2.0.1")
    wire.event("B", "Updated", "t1", at(15), reading(at(15), "6000"))
    wire.event("B", "Ended", "t1", at(30), reading(at(30), "7000", END))
    refresh(lake, wire)
    (wanted,) = session_ids(lake)
    told = story.tell(lake, wanted)
    assert [role for role, _ in roles(told)] == ["start", "reading", "update", "stop"]
    assert "SECRET" not in story.in_words(told, all_frames=True)


def test_long_sessions_show_the_first_and_last_readings_unless_asked_for_all(lake: Lake) -> None:
    wire = Wire()
    number = wire.start("A", at(0), 0)
    for minute in range(1, 20):
        wire.meter("A", number, at(minute), str(minute * 100))
    wire.stop("A", number, at(20), 2000)
    refresh(lake, wire)
    told = story.tell(lake, session_ids(lake)[0])
    assert len(told.frames) == 22
    assert "… 13 frames with readings between" in story.in_words(told)
    assert story.in_words(told, all_frames=True).count("MeterValues (readings)") == 19


def test_faults_name_the_frames_that_prove_them(lake: Lake) -> None:
    wire = Wire()
    number = wire.start("A", at(0), 1000)
    wire.stop("A", number, at(30), 2000)
    refresh(lake, wire)
    (wanted,) = session_ids(lake)
    stop = lake.con.execute("SELECT seq FROM core.transaction_events WHERE event = 'ended'").fetchall()[0][0]
    strange = wire.call("A", "StatusNotification", {"connectorId": 1, "status": "Available"}, at(40))
    refresh(lake, wire)
    evidence = {"frames": [["test", str(stop)], ["test", strange["seq"]]], "seen_wh": 12.50, "energy_wh": 1000}
    with lake.write("a fault") as con:
        con.execute(
            "INSERT INTO lake.ops.faults VALUES ('f', 'late_data', 'A', ?, ?, ?, ?)",
            [wanted, json.dumps(evidence), at(0), at(40)],
        )
    told = story.tell(lake, wanted)
    assert {frame.seq for frame in told.frames if frame.proves == ("late_data",)} == {stop, strange["seq"]}
    assert told.frames[-1].role == "fault"
    text = story.in_words(told)
    assert "late_data: seen_wh 12.5" in text
    assert "(stop; proves late_data)" in text


def test_a_session_as_it_was_and_its_changes(lake: Lake) -> None:
    wire = Wire()
    number = wire.start("A", at(0), 1000)
    wire.meter("A", number, at(15), "1500")
    refresh(lake, wire)
    while_active = lake.snapshot()
    (wanted,) = session_ids(lake)
    wire.stop("A", number, at(30), 2000)
    refresh(lake, wire)
    changes = story.history(lake, wanted)
    assert [(row["state"], int(row["energy_wh"]), row["there"]) for row in changes] == [
        ("active", 500, True),
        ("completed", 1000, True),
    ]
    assert changes[0]["snapshot_id"] <= while_active < changes[1]["snapshot_id"]
    assert "completed" in story.text.changes_in_words(changes)

    then = story.explain(lake, wanted[:8], str(while_active))
    assert (then.session["state"], then.session["energy_kwh"], then.snapshot) == ("active", 0.5, while_active)
    assert [role for role, _ in roles(then)] == ["start", "answer", "reading"]
    moment = changes[1]["snapshot_time"] - timedelta(microseconds=1)
    by_time = story.explain(lake, wanted, iso(moment))
    assert by_time.session["state"] == "active"
    assert story.explain(lake, wanted).session["state"] == "completed"
    with pytest.raises(SessionUnknown):
        story.explain(lake, wanted, "1")
    for nobody in ("no such session", "", "%"):
        with pytest.raises(SessionUnknown):
            story.history(lake, nobody)
    for wrong, told in (("999999", "no snapshot"), ("2001-01-01", "oldest snapshot"), ("then", "neither")):
        with pytest.raises(InputError, match=told):
            story.explain(lake, wanted, wrong)


def test_a_session_that_was_taken_back_says_where_its_transaction_went(lake: Lake) -> None:
    wire = Wire()
    number = wire.start("A", at(0), 1000)
    wire.stop("A", number, at(30), 2000)
    refresh(lake, wire)
    (before,) = session_ids(lake)
    with lake.write("split by later data") as con:
        con.execute(
            "INSERT INTO lake.core.sessions SELECT * REPLACE ('heir' AS session_id, started_at + INTERVAL 5 MINUTE AS "
            "started_at) FROM lake.core.sessions"
        )
        con.execute("DELETE FROM lake.core.sessions WHERE session_id = ?", [before])
    with pytest.raises(SessionGone, match="belongs to heir") as gone:
        story.explain(lake, before[:10])
    assert gone.value.session_id == before
    then = story.explain(lake, before, str(gone.value.last_snapshot))
    assert then.session["session_id"] == before
    assert [row["there"] for row in story.history(lake, before)] == [True, False]
    with lake.write("and the heir goes too") as con:
        con.execute("DELETE FROM lake.core.sessions")
    with pytest.raises(SessionGone, match="Nothing holds its transaction"):
        story.explain(lake, before)


def test_what_a_snapshot_of_an_older_version_lacks_is_empty(lake: Lake) -> None:
    with lake.write("as an older version made it") as con:
        con.execute("ALTER TABLE lake.billing.cdrs DROP COLUMN decision")
        con.execute("DROP TABLE lake.core.session_events")
    with open_lake(lake.settings, at=lake.snapshot()) as then:
        assert then.read_only
        assert then.con.execute("SELECT decision FROM billing.cdrs").fetchall() == []
        assert then.con.execute("SELECT * FROM core.session_events").fetchall() == []


# --- the commands ----------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(kwhouse.app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_the_commands_tell_decide_and_list(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(lake.settings.home))
    wire = Wire()
    wire.call("A", "BootNotification", {"chargePointVendor": "Volt", "chargePointModel": "V1"}, at(-1))
    number = wire.start("A", at(0), 1000, token="SECRET")
    wire.stop("A", number, at(30), 2000)
    refresh(lake, wire)
    (wanted,) = session_ids(lake)
    status, text = run("session", "explain", wanted[:6])
    assert status == 0
    assert f"Session {wanted}: graded ok" in text
    told: dict[str, Any] = json.loads(run("session", "explain", wanted, "--json")[1])
    assert told["session"]["energy_wh"] == "1000.000000"
    assert told["frames"][0]["action"] == "StartTransaction"
    assert "SECRET" not in json.dumps(told)
    assert json.loads(run("session", "explain", wanted, "--history", "--json")[1])[0]["grade"] == "ok"

    assert "1 session held back by Kim" in run("session", "hold", wanted, "--reason", "call back", "--by", "Kim")[1]
    status, text = run("session", "decisions", wanted[:5])
    assert (status, "call back" in text) == (0, True)
    assert "graded ok, held back" in run("session", "explain", wanted)[1]
    taken_back = json.loads(run("session", "withdraw", wanted, "--reason", "called", "--by", "Kim", "--json")[1])
    assert taken_back["sessions"] == [wanted]
    listed = json.loads(run("session", "decisions", "--json")[1])
    assert [(row["decision"], row["in_force"]) for row in listed] == [("withdraw", "yes"), ("hold", "overtaken")]
    with pytest.raises(InputError, match="without a release"):
        run("session", "release", wanted, "--reason", "x")

    assert "Volt" in run("station", "profiles")[1]
    (profile,) = json.loads(run("station", "profiles", "--json")[1])
    assert (profile["model"], profile["sessions"], profile["own_firmware"]) == ("V1", 1, None)
