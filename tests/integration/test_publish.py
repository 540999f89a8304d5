"""`kwhouse publish`: a plain DuckDB file with comments, without personal data, replaced in one step."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.integration.priced_warehouse import build
from warehouse.errors import InputError
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
        columns = con.execute("SELECT column_name FROM duckdb_columns() WHERE schema_name = 'registry'").fetchall()
        assert ("note",) not in columns
        comment, kind = con.execute(
            "SELECT comment, data_type FROM duckdb_columns()"
            " WHERE table_name = 'sessions' AND column_name = 'energy_wh'"
        ).fetchall()[0]
        assert kind == "DECIMAL(18,6)"
        assert comment.startswith("energy delivered; NULL where there is no evidence")
        assert con.execute("SELECT sum(energy_wh)::VARCHAR FROM core.sessions").fetchall() == [("3500.500001",)]
        assert con.execute("SELECT snapshot_id FROM published").fetchall() == [(report.snapshot,)]
