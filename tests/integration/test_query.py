"""`kwhouse sql`: exact answers in three formats, and nothing that changes anything."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.priced_warehouse import build
from warehouse.contract import TABLES
from warehouse.errors import QueryError
from warehouse.query import hidden_columns, run_query
from warehouse.store import Lake, open_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(build(tmp_path_factory.mktemp("home")), read_only=True) as lake:
        yield lake


def ask(lake: Lake, text: str, fmt: str = "csv") -> str:
    out = io.StringIO()
    run_query(lake, text, fmt, out)  # type: ignore[arg-type]
    return out.getvalue()


def test_a_table_is_aligned_and_counts_its_rows(lake: Lake) -> None:
    text = ask(lake, "SELECT session_id, energy_wh, ended_at FROM core.sessions ORDER BY session_id LIMIT 2", "table")
    assert text.splitlines() == [
        "session_id    energy_wh  ended_at",
        "──────────  ───────────  ────────────────────",
        "s1          1000.000001  2026-05-31T23:29:59Z",
        "s2                 2500  2026-05-31T23:30:00Z",
        "(2 rows)",
    ]


def test_a_table_of_many_rows_is_cut_and_says_so(lake: Lake) -> None:
    last = ask(lake, "FROM range(1500)", "table").splitlines()[-1]
    assert last == "(1500 rows, the first 1000 shown; --format csv gives all)"


def test_a_table_of_nothing(lake: Lake) -> None:
    assert ask(lake, "SELECT 1 AS a WHERE false", "table") == "a\n─\n(0 rows)\n"


def test_figures_on_screen_end_where_they_say_something(lake: Lake) -> None:
    text = ask(lake, "SELECT 15.288000000000 AS a, 18400.000000 AS b, 0.00 AS c, -0.10 AS d, 100 AS e", "table")
    assert text.splitlines()[-2].split() == ["15.288", "18400", "0", "-0.1", "100"]
    assert text.splitlines()[-1] == "(1 row)"


@pytest.mark.parametrize("text", ["SHOW TABLES", "show all tables;", "DESCRIBE"])
def test_the_tables_are_those_of_the_contract(lake: Lake, text: str) -> None:
    rows = list(csv.reader(io.StringIO(ask(lake, text))))
    assert rows[0] == ["schema", "table", "comment"]
    assert rows[1:] == [[table.schema, table.name, table.grain] for table in TABLES]


def test_text_from_stations_cannot_command_the_terminal(lake: Lake) -> None:
    assert "\\x1b[2J\\n" in ask(lake, "SELECT chr(27) || '[2J' || chr(10) AS a", "table")


def test_csv_keeps_every_digit(lake: Lake) -> None:
    (row,) = csv.DictReader(
        io.StringIO(ask(lake, "SELECT sum(energy_wh) AS e, NULL AS n, [1, 2] AS l FROM core.sessions"))
    )
    assert row == {"e": "3500.500001", "n": "", "l": "1;2"}


def test_json_has_decimals_as_text(lake: Lake) -> None:
    text = ask(lake, "SELECT 0.10 AS d, 7 AS i, {'a': DATE '2026-01-01'} AS s, NULL AS n, 'NaN'::DOUBLE AS x", "json")
    assert json.loads(text) == [{"d": "0.10", "i": 7, "s": {"a": "2026-01-01"}, "n": None, "x": "NaN"}]


def test_questions_of_other_shapes_are_answered(lake: Lake) -> None:
    assert 'energy_wh,"DECIMAL(18,6)"' in ask(lake, "DESCRIBE core.sessions")
    assert ask(lake, "SELECT 'ü state.x' AS a, s.state FROM core.sessions AS s LIMIT 0") == "a,state\r\n"
    assert "physical_plan" in ask(lake, "EXPLAIN SELECT session_id FROM core.sessions")
    assert ask(lake, "FROM registry.sites SELECT count(*) AS n") == "n\r\n2\r\n"
    assert "snapshot_id" in ask(lake, "FROM ducklake_snapshots('lake')")


def test_own_files_can_be_joined(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text("site_id,rent\npune,100\n")
    assert "pune,100" in ask(lake, f"FROM '{tmp_path}/my.csv'")


def test_personal_columns_are_empty_unless_asked_for(lake: Lake) -> None:
    text = "SELECT driver_id, name, email FROM registry.drivers"
    assert ask(lake, text) == "driver_id,name,email\r\nd1,,\r\n"
    out = io.StringIO()
    run_query(lake, text, "csv", out, personal=True)
    assert out.getvalue() == "driver_id,name,email\r\nd1,Ada Example,ada@example.org\r\n"
    assert "registry.drivers.email" in hidden_columns(text)
    assert hidden_columns("SELECT session_id, state FROM core.sessions") == ()
    assert "pay_token" not in ask(lake, "DESCRIBE billing.provider_payments")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "One statement is wanted, not 0"),
        ("SELECT 1; SELECT 2", "One statement is wanted, not 2"),
        ("DELETE FROM lake.core.sessions", "not DELETE. Nothing was changed"),
        ("COPY (SELECT 1) TO '/tmp/never'", "not COPY"),
        ("EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/never'", "not EXPLAIN"),
        ("ATTACH '/tmp/never'", "not ATTACH"),
        ("SET threads = 1", "not SET"),
        ("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)", "not CALL"),
        ("FROM ducklake_cleanup_old_files('lake', cleanup_all => true)", "ducklake_cleanup_old_files may change files"),
        ("FROM \"ducklake_delete_orphaned_files\"('lake')", "ducklake_delete_orphaned_files may change files"),
        ("FROM query('FROM duck' || 'lake_merge_adjacent_files(''lake'')')", "query may change files"),
        ("FROM query/* */('SELECT 1')", "query may change files"),
        ("FROM query -- \n ('SELECT 1')", "query may change files"),
        ("FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))", "json_execute_serialized_sql may change"),
        ("FROM sqlite_query('state', 'DELETE FROM registry_sites RETURNING *')", "sqlite_query may change files"),
        ("FROM state.registry_drivers", "state reaches behind the tables"),
        ('SELECT * FROM "MEMORY" /* */ . registry.drivers', "memory reaches behind the tables"),
        ("FROM sqlite_scan('state.sqlite', 'registry_drivers')", "sqlite_scan reaches behind the tables"),
        ("SELECT pay_token FROM billing.provider_payments", '"pay_token" not found'),
        ("FROM sesions", r"There is no table sesions. Did you mean core.sessions\? `kwhouse sql 'SHOW TABLES'`"),
        ("FROM core.sesions", r"Did you mean core.sessions\?"),
        ("FROM nowhere.qqq", "There is no table nowhere.qqq. `kwhouse sql"),
        ("SELECT nothing FROM core.sessions", '"nothing" not found'),
        ("SELECT FROM WHERE", "syntax error"),
    ],
)
def test_what_is_no_question_is_refused(lake: Lake, text: str, told: str) -> None:
    with pytest.raises(QueryError, match=told):
        ask(lake, text)


def test_json_needs_names_that_differ(lake: Lake) -> None:
    with pytest.raises(QueryError, match="Two columns are called a"):
        ask(lake, "SELECT 1 AS a, 2 AS a", "json")


def test_an_unknown_format_is_told(lake: Lake) -> None:
    with pytest.raises(QueryError, match="there are table, csv, json"):
        ask(lake, "SELECT 1", "xml")
