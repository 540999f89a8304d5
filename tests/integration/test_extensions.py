"""DuckDB checks the signature of an extension's file once in a process, and again when the file is another."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from warehouse.store import extensions
from warehouse.store.extensions import connect_with

NAME = "sqlite_scanner"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """DuckDB with an extension folder of its own, in a process that has checked nothing yet."""
    monkeypatch.setattr(extensions, "_checked", {})
    return {"extension_directory": str(tmp_path)}


def test_a_checked_file_is_taken_as_it_is_and_nothing_else_unsigned_is(config: dict[str, str], tmp_path: Path) -> None:
    connect_with([NAME], config).close()
    [file] = tmp_path.rglob("*.duckdb_extension")
    with connect_with([NAME], config) as con:
        con.execute("ATTACH ':memory:' AS there (TYPE sqlite)")
        assert con.execute("SELECT current_setting('allow_unsigned_extensions')").fetchall() == [(False,)]
        with pytest.raises(duckdb.Error, match="allow_unsigned_extensions"):
            con.execute("SET allow_unsigned_extensions = true")
        spoiled = tmp_path / "other.duckdb_extension"
        spoiled.write_bytes(_with_another_signature(file))
        with pytest.raises(duckdb.Error, match="signature"):
            con.load_extension(str(spoiled))


def test_a_file_that_has_changed_is_checked_anew(config: dict[str, str], tmp_path: Path) -> None:
    connect_with([NAME], config).close()
    [file] = tmp_path.rglob("*.duckdb_extension")
    spoiled = _with_another_signature(file)
    file.unlink()
    file.write_bytes(spoiled)
    with pytest.raises(duckdb.Error, match="signature"):
        connect_with([NAME], config)


def _with_another_signature(file: Path) -> bytes:
    content = file.read_bytes()
    return content[:-1] + bytes([content[-1] ^ 1])
