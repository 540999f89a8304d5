"""The store is what the contract says: new, grown by a column, of another shape, or not there at all."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from warehouse.contract import BY_NAME, LAKE_TABLES, core
from warehouse.contract.ddl import comment, create_statements, stored_type
from warehouse.errors import ContractBroken, StoreMissing, StoreMoved, StoreOutdated, StoreUnreachable
from warehouse.settings import Settings
from warehouse.state import metadata, open_state
from warehouse.store import open_lake


def test_migrations_make_what_the_contract_declares(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    engine = open_state(Settings(home=tmp_path))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata()) == []
    engine.dispose()


def test_migrations_go_back_again(tmp_path: Path) -> None:
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    from warehouse.state import MIGRATIONS

    engine = open_state(Settings(home=tmp_path))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert sa.inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_a_new_store_has_every_column_with_its_type_and_comment(tmp_path: Path) -> None:
    with open_lake(Settings(home=tmp_path)) as lake:
        first = lake.snapshot()
        rows = lake.con.execute(
            "SELECT schema_name || '.' || table_name, column_name, data_type, is_nullable, comment"
            " FROM duckdb_columns() WHERE database_name = 'lake' ORDER BY table_oid, column_index"
        ).fetchall()
        tables = dict(
            lake.con.execute(
                "SELECT schema_name || '.' || table_name, comment FROM duckdb_tables() WHERE database_name = 'lake'"
            ).fetchall()
        )
    declared = {
        (table.full_name, c.name, stored_type(c), c.nullable, comment(c))
        for table in LAKE_TABLES
        for c in table.columns
    }
    assert {(t, c, k.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"), n, m) for t, c, k, n, m in rows} == declared
    assert tables == {table.full_name: table.grain for table in LAKE_TABLES}
    with open_lake(Settings(home=tmp_path)) as again:
        assert again.snapshot() == first, "opening it again writes nothing"


MEASURED = "SELECT count(*), sum(record_count) FROM __ducklake_metadata_lake.ducklake_table_stats"


def test_empty_tables_have_statistics(tmp_path: Path) -> None:
    """Without them DuckLake asks its catalog once a column for each query; older warehouses lack them."""
    with open_lake(Settings(home=tmp_path)) as lake:
        assert lake.con.execute(MEASURED).fetchall() == [(len(LAKE_TABLES), 0)]
        for table in ("ducklake_table_stats", "ducklake_table_column_stats"):
            lake.con.execute(f"DELETE FROM __ducklake_metadata_lake.{table}")
        before = lake.snapshot()
    with open_lake(Settings(home=tmp_path)) as lake:
        assert lake.con.execute(MEASURED).fetchall() == [(len(LAKE_TABLES), 0)]
        assert lake.snapshot() == before


@pytest.mark.parametrize("rows", [3, 2000])
def test_statistics_of_what_comes_are_as_if_nothing_had_been_there(tmp_path: Path, rows: int) -> None:
    """The optimizer takes them at their word: `min` may be answered from them alone."""
    query = f"""
        SELECT 'c' AS collector_id, i + 7 AS seq, 1 AS set_no, 0 AS first_sample_no, 's' AS station_id,
            CASE WHEN i % 2 = 0 THEN 5 END AS evse_id, NULL AS connector_id, NULL AS transaction_id,
            TIMESTAMPTZ '2024-05-01 00:00:00+00' + to_seconds(i) AS measured_at, now() AS received_at, 9 AS layout_id,
            [i + 0.5, NULL] AS samples, NULL AS told_at, NULL AS breaks_schema
        FROM range({rows}) AS numbers (i)
    """
    statistics = """
        SELECT column_name, contains_null, contains_nan, min_value, max_value
        FROM __ducklake_metadata_lake.ducklake_table_column_stats
        JOIN __ducklake_metadata_lake.ducklake_column USING (table_id, column_id)
        JOIN __ducklake_metadata_lake.ducklake_table AS tables USING (table_id)
        WHERE table_name = ? AND column_name NOT IN ('received_at')
        ORDER BY ALL
    """
    with open_lake(Settings(home=tmp_path)) as lake:
        for statement in create_statements(replace(core.READINGS, name="twin")):
            lake.con.execute(statement)
        for table in ("readings", "twin"):
            lake.con.execute(f"INSERT INTO lake.core.{table} BY NAME {query}")
        found = lake.con.execute(statistics, ["readings"]).fetchall()
        assert found == lake.con.execute(statistics, ["twin"]).fetchall()
        assert len(found) >= len(core.READINGS.columns) - 1
        edges = lake.con.execute(
            "SELECT min(seq), max(seq), min(evse_id), count(evse_id) FROM core.readings"
        ).fetchall()
        assert edges == [(7, rows + 6, 5, (rows + 1) // 2)]


def test_a_column_that_the_contract_gains_is_added(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with open_lake(settings) as lake, lake.write("as an older version made it") as con:
        con.execute("ALTER TABLE lake.core.sessions DROP COLUMN stop_reason")
    with pytest.raises(StoreOutdated, match=r"core\.sessions lacks stop_reason\. Run `kwhouse refresh` once"):
        open_lake(settings, read_only=True)
    with open_lake(settings) as lake:
        assert lake.con.execute("SELECT stop_reason FROM core.sessions").fetchall() == []
        told = lake.con.execute(
            "SELECT comment FROM duckdb_columns() WHERE column_name = 'stop_reason'"
            " AND database_name = 'lake' AND table_name = 'sessions'"
        ).fetchall()
    assert told == [(comment(BY_NAME["core.sessions"].by_name["stop_reason"]),)]
    open_lake(settings, read_only=True).close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE lake.core.sessions ALTER max_power_w TYPE DOUBLE", "max_power_w is DOUBLE, declared DECIMAL"),
        ("ALTER TABLE lake.core.sessions DROP COLUMN grade", "grade is new and may not be NULL"),
    ],
)
def test_a_table_of_another_shape_is_refused(tmp_path: Path, statement: str, told: str) -> None:
    settings = Settings(home=tmp_path)
    with open_lake(settings) as lake, lake.write("another shape") as con:
        if "TYPE" in statement:  # DuckLake widens only: made anew instead
            con.execute("ALTER TABLE lake.core.sessions DROP COLUMN max_power_w")
            con.execute("ALTER TABLE lake.core.sessions ADD COLUMN max_power_w DOUBLE")
        else:
            con.execute(statement)
    with pytest.raises(ContractBroken, match=told) as broken:
        open_lake(settings)
    assert broken.value.table == "core.sessions"


def test_reading_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="Run `kwhouse refresh`"):
        open_lake(Settings(home=tmp_path / "home"), read_only=True)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_data_folder_that_was_moved_is_told(tmp_path: Path, read_only: bool) -> None:
    open_lake(Settings(home=tmp_path / "here")).close()
    (tmp_path / "here").rename(tmp_path / "there")
    with pytest.raises(StoreMoved, match=r"made for .*here/lake/\. Move the data folder back") as told:
        open_lake(Settings(home=tmp_path / "there"), read_only=read_only)
    assert told.value.given == f"{tmp_path}/there/lake/"


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    # Port 1 is nobody's.
    settings = Settings(home=tmp_path, catalog="postgres:host=127.0.0.1 port=1 user=u dbname=d connect_timeout=5")
    with pytest.raises(StoreUnreachable, match="Check KWHOUSE_CATALOG"):
        open_lake(settings)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with open_lake(Settings(home=tmp_path)) as lake:
        before = lake.snapshot()
        with pytest.raises(duckdb.Error, match="no_such_table"), lake.write("will fail") as con:
            con.execute("INSERT INTO lake.ops.watermarks VALUES ('s', 1, now()); INSERT INTO no_such_table VALUES (1)")
        assert lake.snapshot() == before
        with lake.write("will not") as con:
            con.execute("INSERT INTO lake.ops.watermarks VALUES ('s', 1, now())")
        message = lake.con.execute("SELECT commit_message FROM ducklake_snapshots('lake') ORDER BY 1 DESC").fetchall()
        assert ("will not",) in message


def _open(home: str) -> int:
    with open_lake(Settings(home=Path(home))) as lake:
        return lake.snapshot()


def test_processes_that_open_a_new_home_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    # Not `multiprocessing.Pool`: it ends its processes by a signal, and was seen to wait for one of them for ever.
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        snapshots = list(pool.map(_open, [str(tmp_path)] * 3))
    assert len(set(snapshots)) == 1
