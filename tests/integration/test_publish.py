"""`kwhouse publish`: a plain DuckDB file with comments, without personal data, replaced in one step."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.integration.priced_warehouse import build
from warehouse.errors import InputError
from warehouse.extracts import write_extract
from warehouse.publish import publish
from warehouse.store import open_lake


def test_a_plain_file_with_comments_and_exact_types(tmp_path: Path) -> None:
    target = tmp_path / "kwhouse.duckdb"
    with open_lake(build(tmp_path / "home"), read_only=True) as lake:
        report = publish(lake, target)
        again = publish(lake, target)
        with pytest.raises(InputError, match="does not exist"):
            publish(lake, tmp_path / "nowhere" / "x.duckdb")
    assert again == report
    assert report.tables["core.sessions"] == report.tables["billing.cdrs"] == 3
    assert "core.sessions" in str(report)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "kwhouse.duckdb"]

    with duckdb.connect(str(target), read_only=True) as con:
        names = {
            row[0] for row in con.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
        }
        assert {"registry.sites", "registry.contracts", "mart.site_days", "main.published"} <= names
        assert not {"registry.drivers", "registry.tokens", "registry.pseudonyms", "raw.messages"} & names
        assert not {"registry.changes", "billing.account_files"} & names
        assert not [name for name in names if name.startswith("access.")]
        facts = con.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = 'unbooked_facts'").fetchall()
        assert ("amount_minor",) in facts
        assert ("reason",) not in facts
        columns = con.execute("SELECT column_name FROM duckdb_columns() WHERE schema_name = 'registry'").fetchall()
        assert ("note",) not in columns
        periods = con.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = 'periods'").fetchall()
        assert ("state",) in periods
        assert ("changed_by",) not in periods
        comment, kind = con.execute(
            "SELECT comment, data_type FROM duckdb_columns()"
            " WHERE table_name = 'sessions' AND column_name = 'energy_wh'"
        ).fetchall()[0]
        assert kind == "DECIMAL(18,6)"
        assert comment.startswith("energy delivered; NULL where there is no evidence")
        assert con.execute("SELECT sum(energy_wh)::VARCHAR FROM core.sessions").fetchall() == [("3500.500001",)]
        assert con.execute("SELECT snapshot_id FROM published").fetchall() == [(report.snapshot,)]


@pytest.mark.parametrize(
    "name", ["state.sqlite", "catalog.sqlite-wal", "journal/x.duckdb", "lake/core/x.duckdb", "lake"]
)
def test_the_warehouses_own_files_are_safe(tmp_path: Path, name: str) -> None:
    with open_lake(build(tmp_path), read_only=True) as lake:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        with pytest.raises(InputError, match="its own files"):
            publish(lake, tmp_path / name)
        with pytest.raises(InputError, match="its own files"):
            write_extract(lake, "cdrs", date(2026, 6, 1), date(2026, 7, 1), "csv", tmp_path / name)


def test_another_file_is_not_replaced(tmp_path: Path) -> None:
    other = tmp_path / "thesis.txt"
    other.write_text("the only copy")
    with open_lake(build(tmp_path / "home"), read_only=True) as lake:
        with pytest.raises(InputError, match="is not a DuckDB file"):
            publish(lake, other)
        publish(lake, tmp_path / "home" / "bi.duckdb")
    assert other.read_text() == "the only copy"
