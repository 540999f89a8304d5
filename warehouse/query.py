"""`kwhouse sql`: one question to the warehouse, read-only.

Whatever is typed, nothing changes: one SELECT-like statement on a store attached read-only, without the functions
of DuckLake that tidy up files. Files of the person who asks may be read
(`FROM 'my.csv'`): they could read them anyway, and joining them is the point of asking in SQL.

Personal columns are empty unless they are asked for, and secret ones are not there: this keeps them out of sight, of
screens and of files that are passed on. It is no wall against somebody who may read the data folder itself.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice, pairwise
from typing import Literal, TextIO, get_args

import duckdb

from warehouse.contract import TABLES
from warehouse.contract.ddl import CATALOG, METADATA, quoted
from warehouse.errors import QueryError
from warehouse.plain import for_json, for_text
from warehouse.store import Lake
from warehouse.store.sight import Sight

Format = Literal["table", "csv", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
BATCH_ROWS = 10_000
TABLE_ROWS = 1_000  # a table is for eyes; more rows are for a file

# A read-only ATTACH does not keep these from files on disk: every other function of DuckLake is refused.
HARMLESS = {
    "ducklake_current_snapshot",
    "ducklake_last_committed_snapshot",
    "ducklake_list_files",
    "ducklake_options",
    "ducklake_snapshots",
    "ducklake_table_changes",
    "ducklake_table_deletions",
    "ducklake_table_info",
    "ducklake_table_insertions",
}
_DUCKLAKE = re.compile(r"\bducklake_\w+")
# Functions that run SQL held in text, where the check above cannot look, and those that reach into the catalog;
# comments may stand between a name and its bracket.
_REFUSED = re.compile(
    r"\b(query|query_table|json_execute_serialized_sql|checkpoint|force_checkpoint"
    r"|sqlite_query|postgres_query|postgres_execute)\b(?:\W|/\*.*?\*/|--[^\n]*)*?\(",
    re.DOTALL,
)
# The catalogs behind the tables, where nothing is hidden.
_BEHIND = frozenset({"state", "memory"})
# Those where all rows are, for who is shown some of them.
_WHOLE = frozenset({CATALOG, METADATA})
_SCANS = re.compile(r"\b(?:sqlite|postgres)_\w+")

_TABLES_ASKED = re.compile(r"\s*(show\s+(all\s+)?tables|describe)\s*;?\s*", re.IGNORECASE)
_NO_TABLE = re.compile(r'Table with name "?([^"\s]+)"? does not exist')


def run_query(lake: Lake, text: str, fmt: Format, out: TextIO, *, personal: bool = False) -> int:
    """Run `text` and write its rows to `out`; gives their number.

    Personal columns are NULL, unless `personal`.

    `table` is aligned text, cut at 1,000 rows; `csv` is RFC 4180; `json` is an array of objects, decimals as text.
    Raises `QueryError` for anything but one SELECT-like statement, and for what DuckDB refuses.
    """
    if fmt not in FORMATS:
        raise QueryError(f"There is no format {fmt!r}; there are {', '.join(FORMATS)}.")
    cursor = (lake if personal else lake.seen_with(Sight(personal=False))).cursor()
    try:
        cursor.execute("SET preserve_insertion_order=true")
        listing = _TABLES_ASKED.fullmatch(text)
        cut = lake.sight.sites is not None
        cursor.execute(_listing() if listing else _only_statement(cursor, text, cut=cut))
        return write_rows(_columns(cursor), _rows(cursor), fmt, out)
    except duckdb.Error as error:
        raise QueryError(_told(error)) from None
    finally:
        cursor.close()


def hidden_columns(text: str) -> tuple[str, ...]:
    """The personal columns, as `schema.table.column`, of the tables that `text` names."""
    words = set(re.findall(r"\w+", text.lower()))
    return tuple(
        f"{table.full_name}.{column.name}"
        for table in TABLES
        if {table.schema, table.name} <= words
        for column in table.columns
        if column.personal
    )


def write_rows(columns: Sequence[str], rows: Iterable[tuple[object, ...]], fmt: Format, out: TextIO) -> int:
    """Write rows in one of the formats of `run_query`; gives their number."""
    return {"table": _write_table, "csv": _write_csv, "json": _write_json}[fmt](columns, iter(rows), out)


def _listing() -> str:
    """A question for the contract's tables: DuckDB's own SHOW TABLES looks into one schema only."""
    rows = ", ".join(f"({', '.join(map(quoted, (t.schema, t.name, t.grain)))})" for t in TABLES)
    return f'SELECT * FROM (VALUES {rows}) AS t("schema", "table", "comment")'  # noqa: S608 (text of the contract)


def _told(error: duckdb.Error) -> str:
    """DuckDB's message; where a table is not there, one that proposes ours and not the system's."""
    unknown = _NO_TABLE.search(str(error))
    if unknown is None:
        return str(error)
    wanted = unknown[1].lower()
    names = {name: table.full_name for table in TABLES for name in (table.full_name, table.name)}
    near = dict.fromkeys(names[name] for name in get_close_matches(wanted, names, cutoff=0.7))
    guess = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"There is no table {wanted}.{guess} `kwhouse sql 'SHOW TABLES'` lists all."


def _only_statement(cursor: duckdb.DuckDBPyConnection, text: str, *, cut: bool) -> duckdb.Statement:
    """`cut`: who asks is shown some rows only."""
    statements = cursor.extract_statements(text)
    if len(statements) != 1:
        raise QueryError(f"One statement is wanted, not {len(statements)}: SELECT …")
    kind, lower = statements[0].type, text.lower()
    explains = kind == duckdb.StatementType.EXPLAIN and "analyze" not in lower
    if kind != duckdb.StatementType.SELECT and not explains:
        raise QueryError(
            f"Only questions are answered here (SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, EXPLAIN), not {kind.name}. "
            "Nothing was changed."
        )
    refused = [*(set(_DUCKLAKE.findall(lower)) - (frozenset() if cut else HARMLESS)), *_REFUSED.findall(lower)]
    if refused:
        raise QueryError(f"{min(refused)} may change files, or look behind the tables, and is not answered here.")
    if behind := [*_catalogs(lower, _BEHIND | _WHOLE if cut else _BEHIND), *_SCANS.findall(lower)]:
        raise QueryError(
            f"{behind[0]} reaches behind the tables and is not answered here: `kwhouse sql 'SHOW TABLES'` lists them. "
            "An alias needs another name."
        )
    return statements[0]


def _catalogs(text: str, behind: frozenset[str]) -> Iterator[str]:
    """The catalogs in `behind` that `text` looks into: such a name, not in quotes of a text, before a dot."""
    encoded = text.encode()  # the tokens' places are those of bytes
    places = duckdb.tokenize(text)
    ends = [*(begin for begin, _ in places[1:]), len(encoded)]
    # A token's text runs to the next one: spaces and comments follow it.
    tokens = [
        (kind, encoded[begin:end].decode(errors="replace")) for (begin, kind), end in zip(places, ends, strict=True)
    ]
    before = ""
    for (kind, token), (_, after) in pairwise(tokens):
        name = re.match(r'"?(\w+)', token)
        is_qualifier = after.startswith(".") and not before.startswith(".")
        if is_qualifier and kind != duckdb.token_type.string_const and name and name[1] in behind:
            yield name[1]
        before = token


def _columns(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    return [column[0] for column in cursor.description or ()]


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[object, ...]]:
    while batch := cursor.fetchmany(BATCH_ROWS):
        yield from batch


def _write_csv(columns: Sequence[str], rows: Iterator[tuple[object, ...]], out: TextIO) -> int:
    writer, count = csv.writer(out), 0
    writer.writerow(columns)
    for row in rows:
        writer.writerow([for_text(value) for value in row])
        count += 1
    return count


def _write_json(columns: Sequence[str], rows: Iterator[tuple[object, ...]], out: TextIO) -> int:
    count = 0
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        raise QueryError(f"Two columns are called {repeated[0]}: name them apart with AS for JSON.")
    out.write("[")
    for row in rows:
        object_ = {name: for_json(value) for name, value in zip(columns, row, strict=True)}
        out.write((",\n" if count else "\n") + json.dumps(object_, ensure_ascii=False))
        count += 1
    out.write("\n]\n")
    return count


def _write_table(columns: Sequence[str], rows: Iterator[tuple[object, ...]], out: TextIO) -> int:
    shown = list(islice(rows, TABLE_ROWS))
    cells = [[_on_screen(value) for value in row] for row in shown]
    names = [_on_screen(name) for name in columns]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    right = [bool(shown) and all(_is_number(row[n]) for row in shown) for n in range(len(names))]
    lines = (names, ["─" * width for width in widths], *cells)
    out.writelines("  ".join(_aligned(line, widths, right)).rstrip() + "\n" for line in lines)
    more = sum(1 for _ in rows)
    count = len(shown) + more
    out.write(
        f"({count} row{'' if count == 1 else 's'}"
        + (f", the first {len(shown)} shown; --format csv gives all" if more else "")
        + ")\n"
    )
    return count


def _aligned(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    for cell, width, to_the_right in zip(cells, widths, right, strict=True):
        yield cell.rjust(width) if to_the_right else cell.ljust(width)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _on_screen(value: object) -> str:
    text = "NULL" if value is None else for_text(value)
    if isinstance(value, Decimal) and "." in text:
        return text.rstrip("0").rstrip(".")  # digits that say nothing; CSV and JSON keep them
    # Text from stations may hold line ends and terminal commands.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
