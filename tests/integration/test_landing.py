"""Landed files are taken in once each; what is not as declared is set aside and told, and the rest goes on."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from warehouse.contract import raw
from warehouse.contract.schemas import polars_schema
from warehouse.settings import Settings
from warehouse.store import Lake, open_lake
from warehouse.store.landing import register_landed


def land(settings: Settings, first: int, last: int, **changed: object) -> Path:
    """A file of messages with the numbers `first` to `last`; `changed` replaces a column's value."""
    settings.landing.mkdir(parents=True, exist_ok=True)
    row = {
        "collector_id": "c", "connection_id": 1, "station_id": "S", "received_at": datetime(2026, 1, 1, tzinfo=UTC),
        "direction": "in", "ocpp_version": "1.6", "message_type": 2, "message_id": "m", "action": "Heartbeat",
        "payload": "{}", "schema_error": None,
    }  # fmt: skip
    rows = pl.DataFrame([{**row, "seq": seq} for seq in range(first, last + 1)], schema=polars_schema(raw.MESSAGES))
    for name, value in changed.items():
        rows = rows.with_columns(pl.lit(value).alias(name))
    path = settings.landing / f"messages-c-{first}-{last}.parquet"
    rows.write_parquet(path)
    return path


def seqs(lake: Lake) -> list[int]:
    return [row[0] for row in lake.con.execute("SELECT seq FROM raw.messages ORDER BY seq").fetchall()]


def test_each_file_is_taken_in_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    land(settings, 1, 3)
    with open_lake(settings) as lake:
        assert register_landed(lake).files == {"messages": 1}
        snapshot = lake.snapshot()
        assert register_landed(lake).files == {}
        assert lake.snapshot() == snapshot, "nothing new writes nothing"
        land(settings, 4, 4)
        assert register_landed(lake).files == {"messages": 1}
        assert seqs(lake) == [1, 2, 3, 4]


def test_unfinished_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    path = land(settings, 1, 1)
    path.rename(path.with_suffix(".parquet.tmp"))
    with open_lake(settings) as lake:
        assert register_landed(lake).files == {}


def test_bad_files_are_set_aside_with_the_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    land(settings, 1, 1)
    torn = land(settings, 2, 2)
    torn.write_bytes(torn.read_bytes()[:-100])
    land(settings, 3, 3, message_type=pl.Series([2], dtype=pl.Int64)[0], seq="three")
    land(settings, 4, 4, received_at=datetime(2026, 1, 1))  # noqa: DTZ001 (a time without a zone is the defect)
    land(settings, 5, 5, extra=1)
    (settings.landing / "odd.parquet").write_text("not Parquet")
    with open_lake(settings) as lake:
        registered = register_landed(lake)
        assert seqs(lake) == [1]
        assert registered.files == {"messages": 1}
        assert set(registered.set_aside) == {
            "messages-c-2-2.parquet", "messages-c-3-3.parquet", "messages-c-4-4.parquet", "messages-c-5-5.parquet",
            "odd.parquet",
        }  # fmt: skip
        assert "received_at TIMESTAMP" in registered.set_aside["messages-c-4-4.parquet"]
        assert "extra INTEGER" in registered.set_aside["messages-c-5-5.parquet"]
        faults = lake.con.execute("SELECT kind, count(*) FROM ops.faults GROUP BY kind").fetchall()
        assert faults == [("unreadable_file", 5)]
        assert {path.name for path in settings.set_aside.iterdir()} == set(registered.set_aside)
        assert register_landed(lake).set_aside == {}


def test_a_file_with_a_whole_footer_and_a_damaged_page_is_set_aside(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    damaged = land(settings, 1, 50)
    content = damaged.read_bytes()
    damaged.write_bytes(content[:40] + bytes(byte ^ 0x5A for byte in content[40:400]) + content[400:])
    land(settings, 51, 52)
    with open_lake(settings) as lake:
        assert set(register_landed(lake).set_aside) == {damaged.name}
        assert seqs(lake) == [51, 52]


def test_the_same_bad_name_again_is_one_fault(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with open_lake(settings) as lake:
        for _ in range(2):
            settings.landing.mkdir(exist_ok=True)
            (settings.landing / "messages-c-1-1.parquet").write_text("bad")
            register_landed(lake)
        assert lake.con.execute("SELECT count(*) FROM ops.faults").fetchall() == [(1,)]


def _register(home: str) -> dict[str, int]:
    with open_lake(Settings(home=Path(home))) as lake:
        return register_landed(lake).files


def test_two_processes_take_a_file_in_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    open_lake(settings).close()
    for n in range(1, 9):
        land(settings, n, n)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        taken = pool.map(_register, [str(tmp_path)] * 2)
    with open_lake(settings, read_only=True) as lake:
        assert seqs(lake) == list(range(1, 9))
        assert lake.con.execute("SELECT count(*) FROM ops.landed_files").fetchall() == [(8,)]
    assert sum(files.get("messages", 0) for files in taken) == 8, "each says what it took in itself"
