"""The same store with its catalog and its state in PostgreSQL."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from pipelines.billing.issuing.numbers import take
from tests.integration.postgres_server import MISSING, binaries, postgres_server
from tests.integration.priced_warehouse import build
from warehouse import story
from warehouse.decisions import decide
from warehouse.doctor import examine
from warehouse.errors import StoreBusy, StoreMissing
from warehouse.extracts import extract_bytes
from warehouse.registry import apply, export
from warehouse.settings import Settings
from warehouse.state import open_state
from warehouse.store import open_lake
from warehouse.store.lock import advisory_lock

pytestmark = pytest.mark.skipif(binaries() is None, reason=MISSING)

QUIET = {"collect_port": 0, "metrics_port": 0, "dashboard_port": 0, "dagster_port": 0}


@pytest.fixture(scope="module")
def conninfo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def settings(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("home"), catalog=f"postgres:{conninfo}", **QUIET)
    with pytest.raises(StoreMissing):
        open_lake(settings, read_only=True)
    return build(settings.home, settings)


def _add(catalog: str, home: str, name: str) -> None:
    with open_lake(Settings(home=Path(home), catalog=catalog)) as lake:
        for n in range(3):
            with lake.write(f"{name} {n}") as con:
                con.execute("INSERT INTO lake.ops.watermarks VALUES (?, ?, now())", [name, n])


def test_what_was_written_is_read(settings: Settings) -> None:
    with open_lake(settings, read_only=True) as lake:
        assert lake.con.execute("SELECT count(*) FROM core.sessions").fetchall() == [(3,)]
        names = lake.con.execute("SELECT name FROM registry.sites ORDER BY site_id").fetchall()
        assert names == [("Oslo",), ("=Pune",)]
        text = extract_bytes(lake, "cdrs", date(2026, 6, 1), date(2026, 7, 1), "csv").decode()
        assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["c2", "c3"]
    assert not (settings.home / "catalog.sqlite").exists()
    assert not (settings.home / "state.sqlite").exists()


def test_a_session_is_decided_on_and_told_as_it_was(settings: Settings) -> None:
    with open_lake(settings) as lake:
        before = lake.snapshot()
        decide(lake, ["s1"], "hold", "because", by="Kim")
        with lake.write("later data") as con:
            con.execute("UPDATE lake.core.sessions SET energy_wh = 9 WHERE session_id = 's1'")
        assert [row["energy_wh"] for row in story.history(lake, "s1")] == [Decimal("1000.000001"), Decimal(9)]
        told, then = story.explain(lake, "s1"), story.explain(lake, "s1", str(before))
        with lake.write("as it was") as con:
            con.execute("UPDATE lake.core.sessions SET energy_wh = 1000.000001 WHERE session_id = 's1'")
    assert told.standing is not None
    assert (told.standing["decision"], told.session["energy_wh"]) == ("hold", Decimal(9))
    assert (then.standing, then.session["energy_wh"], then.snapshot) == (None, Decimal("1000.000001"), before)


def test_the_registry_goes_out_and_in_again(settings: Settings, tmp_path: Path) -> None:
    export(settings, tmp_path / "registry")
    assert not apply(settings, tmp_path / "registry").changed


def test_two_processes_write_one_after_the_other(settings: Settings) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_add, args=(settings.catalog, str(settings.home), name)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    with open_lake(settings, read_only=True) as lake:
        rows = lake.con.execute("SELECT stage, count(*) FROM ops.watermarks GROUP BY stage ORDER BY stage").fetchall()
    assert rows == [("one", 3), ("two", 3)]


def test_two_runs_take_the_first_numbers_of_a_series_one_after_the_other(settings: Settings) -> None:
    engine = open_state(settings)
    ready, numbers = Barrier(2), []

    def take_one() -> None:
        ready.wait()
        with engine.begin() as connection:
            numbers.append(take(connection, "PG2026", "op").text)
            sleep(0.2)  # the other one asks while this one has not committed

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(take_one) for _ in range(2)]:
            done.result()
    engine.dispose()
    assert numbers == ["PG2026-000001", "PG2026-000002"]


def test_a_held_lock_is_told_and_named(settings: Settings, conninfo: str) -> None:
    with advisory_lock(conninfo):
        with pytest.raises(StoreBusy), advisory_lock(conninfo, patience_seconds=0.1):
            pytest.fail("two writers")
        found = {finding.what: finding for finding in examine(settings).findings}
        assert found["writer"].level == "warn"
        assert "is writing" in found["writer"].found
    found = {finding.what: finding for finding in examine(settings).findings}
    assert found["writer"].found == "nobody is writing"
    assert found["state"].level == "ok"
    assert found["tables"].level == "ok"


@pytest.mark.parametrize(
    ("words", "url"),
    [
        ("host=/run/pg user=kw dbname=kw", "postgresql+psycopg://kw@?dbname=kw&host=%2Frun%2Fpg"),
        ("postgresql://kw@db:5433/kw", "postgresql+psycopg://kw@?dbname=kw&host=db&port=5433"),
        ("user='a b' dbname=kw application_name='x y'", "postgresql+psycopg://a b@?application_name=x+y&dbname=kw"),
    ],
)
def test_libpqs_words_become_an_address_for_sqlalchemy(tmp_path: Path, words: str, url: str) -> None:
    assert Settings(home=tmp_path, catalog=f"postgres:{words}").state_url.replace("%20", " ") == url
