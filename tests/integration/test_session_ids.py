"""One session, one id: in each warehouse, in whatever order the frames came, and when a driver has been forgotten."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from tests.golden.faults.model import Speaker
from tests.landed import Wire, at, land
from tests.pipeline import bring_up_to_date, rows
from warehouse.contract import core
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state, table
from warehouse.store import Lake, open_lake

DAY = 1_440  # minutes
SESSIONS = "SELECT session_id, id_token FROM core.sessions ORDER BY started_at, transaction_id, session_id"


def test_sessions_keep_their_ids_when_the_pseudonyms_are_forgotten(tmp_path: Path) -> None:
    wire = Wire()
    s = Speaker(wire, "A", "1.6")
    s.start(10, 1_000, 7)
    s.stop(60, 2_000, 7)
    # No answer names it: alone, with what followed under an id, and two tokens at one moment.
    s.start(DAY, 2_000, 0)
    s.start(2 * DAY, 3_000, 0)
    s.meter(2 * DAY + 30, 3_500, 8)
    s.stop(2 * DAY + 60, 4_000, 8)
    s.start(3 * DAY, 4_000, 0, token="T1")
    s.start(3 * DAY, 4_000, 0, token="T2")
    wire.call("witness", "Heartbeat", {}, at(10 * DAY))
    home = load_settings(home=tmp_path)
    land(home, wire)
    with open_lake(home) as lake:
        bring_up_to_date(lake)
        before = lake.con.execute(SESSIONS).fetchall()
        forget_pseudonyms(home)
        lake.read_anew()
        bring_up_to_date(lake, full=True)
        after = lake.con.execute(SESSIONS).fetchall()
    assert len({session_id for session_id, _ in before}) == len(before) == 5
    assert [session_id for session_id, _ in after] == [session_id for session_id, _ in before]
    assert not {token for _, token in after} & {token for _, token in before}


def test_the_second_token_of_one_moment_leaves_no_session_behind_when_it_is_answered(tmp_path: Path) -> None:
    home = load_settings(home=tmp_path)
    with open_lake(home) as lake:
        for part, transaction in enumerate((0, 9)):
            wire = Wire(collector_id=f"part {part}")
            s = Speaker(wire, "A", "1.6")
            if part == 0:
                s.start(0, 1_000, 0, token="T1")
            s.start(0, 1_000, transaction, received=part * DAY, token="T2")
            land(home, wire)
            bring_up_to_date(lake)
        stepwise = found(lake)
        bring_up_to_date(lake, full=True)
        assert found(lake) == stepwise
        assert [transaction for _, transaction in stepwise] == [None, "9"]


def test_two_starts_of_one_moment_under_one_id_are_two_sessions_in_each_warehouse(tmp_path: Path) -> None:
    wire = Wire()
    tokens, registers = Speaker(wire, "tokens", "1.6"), Speaker(wire, "registers", "1.6")
    tokens.start(0, 1_000, 7, token="T1")
    tokens.start(0, 1_000, 7, token="T2")
    tokens.meter(30, 3_000, 7)
    registers.start(0, 1_000, 7)
    registers.start(0, 2, 7)
    registers.stop(60, 3_000, 7)
    wire.call("witness", "Heartbeat", {}, at(9_000))
    outcomes = []
    for number in range(3):  # pseudonyms are drawn: they may fall in any order
        home = load_settings(home=tmp_path / str(number))
        land(home, wire)
        with open_lake(home) as lake:
            bring_up_to_date(lake)
            query = "SELECT station_id, session_id, begin_register_wh, energy_wh FROM core.sessions ORDER BY ALL"
            outcomes.append(lake.con.execute(query).fetchall())
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len({session_id for _, session_id, _, _ in outcomes[0]}) == len(outcomes[0]) == 4


def test_a_start_that_is_answered_late_keeps_the_stop_that_it_had_found(tmp_path: Path) -> None:
    wire = Wire()
    s = Speaker(wire, "A", "1.6")
    s.start(0, 1_000, 102)
    s.stop(60, 3_000, 7)
    wire.call("witness", "Heartbeat", {}, at(9_000))
    answer = wire.messages.pop(1)
    assert "102" in answer["payload"]
    home = load_settings(home=tmp_path)
    with open_lake(home) as lake:
        land(home, wire)
        bring_up_to_date(lake)
        land(home, Wire(messages=[answer]))
        bring_up_to_date(lake)
        stepwise = rows(lake, core.SESSIONS)
        bring_up_to_date(lake, full=True)
        assert rows(lake, core.SESSIONS) == stepwise
        assert lake.con.execute("SELECT transaction_id, energy_wh FROM core.sessions").fetchall() == [("102", 2_000)]


def found(lake: Lake) -> list[tuple[str, str | None]]:
    query = "SELECT session_id, transaction_id FROM core.sessions ORDER BY transaction_id NULLS FIRST, session_id"
    return lake.con.execute(query).fetchall()


def forget_pseudonyms(settings: Settings) -> None:
    engine = open_state(settings)
    with engine.begin() as connection:
        connection.execute(sa.delete(table("registry", "pseudonyms")))
    engine.dispose()
