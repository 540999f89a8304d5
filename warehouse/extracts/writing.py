"""Write an extract as CSV (RFC 4180, UTF-8), XLSX, Parquet or JSON, to a file or to memory.

One statement reads one snapshot of the lake, and the report names it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import duckdb

from warehouse.errors import InputError, QueryError
from warehouse.extracts.catalog import EXTRACTS, Extract
from warehouse.files import refuse_own, whole_file
from warehouse.plain import for_json, for_text
from warehouse.store import Lake

Format = Literal["csv", "xlsx", "parquet", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
BATCH_ROWS = 10_000
SITES_SHOWN = 20  # in a message


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: local days from `date_from` (included) to `date_to` (not included), of all sites or some."""

    extract: Extract
    date_from: date
    date_to: date
    sites: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Result:
    """An open result: `con` gives its rows, as of `snapshot`."""

    request: Request
    con: duckdb.DuckDBPyConnection
    snapshot: int

    @property
    def columns(self) -> list[str]:
        return [column[0] for column in self.con.description or ()]

    @property
    def types(self) -> list[str]:
        return [str(column[1]) for column in self.con.description or ()]

    def batches(self) -> Iterator[list[tuple[object, ...]]]:
        while rows := self.con.fetchmany(BATCH_ROWS):
            yield rows


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """What was written: rows without header and totals, where, and the lake's snapshot that they are of.

    `note` says where the data lie when there is no row.
    """

    rows: int
    path: Path
    snapshot: int
    note: str = ""

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"{rows} in {self.path} (snapshot {self.snapshot})"


def write_extract(
    lake: Lake,
    name: str,
    date_from: date,
    date_to: date,
    fmt: Format | None,
    target: Path,
    sites: Sequence[str] | None = None,
) -> ExtractReport:
    """Write extract `name` of the local days from `date_from` (included) to `date_to` (not included) to `target`.

    `fmt` None: as `target` ends. `target` is replaced in one step. Raises `QueryError` for an unknown name, format,
    site or an empty range, `InputError` where `target` cannot be written or ends as another format does.
    """
    request, writer = _request(name, date_from, date_to, sites), _writer(format_of(target, fmt))
    _refuse_unknown_sites(lake, request)
    refuse_own(target, lake.settings)
    with whole_file(target) as path, path.open("wb") as file, _run(lake, request) as result:
        rows = writer(result, file)
    return ExtractReport(rows, target, result.snapshot, "" if rows else _where_data_lie(lake, request))


def format_of(target: Path, fmt: Format | None) -> Format:
    """The format to write `target` in: the one given, else the one that its name ends in, else CSV."""
    ending = next((known for known in FORMATS if target.suffix.lower() == f".{known}"), None)
    if fmt and ending and fmt != ending:
        raise InputError(f"{target} ends in .{ending}, but --format says {fmt}. Name {target.with_suffix('.' + fmt)}.")
    if not fmt and not ending and target.suffix:
        raise InputError(f"{target}: no format ends in {target.suffix}. Give --format: {', '.join(FORMATS)}.")
    return fmt or ending or "csv"


def _refuse_unknown_sites(lake: Lake, request: Request) -> None:
    if not request.sites:
        return
    known = _ask(lake, "SELECT site_id FROM registry.sites UNION SELECT site_id FROM core.sessions ORDER BY 1")
    names = [row[0] for row in known if row[0] is not None]
    if unknown := [site for site in request.sites if site not in names]:
        shown = ", ".join(names[:SITES_SHOWN]) + (" …" if len(names) > SITES_SHOWN else "")
        raise QueryError(f"There is no site {unknown[0]!r}; there are {shown or 'none yet'}.")


def _where_data_lie(lake: Lake, request: Request) -> str:
    """Why an extract is empty, as far as the dates tell."""
    # In UTC: near enough to choose other days.
    ((first, last),) = _ask(
        lake,
        "SELECT CAST(min(started_at) AS DATE), CAST(max(started_at) AS DATE) FROM core.sessions"
        " WHERE $sites IS NULL OR list_contains($sites, site_id)",
        {"sites": None if request.sites is None else list(request.sites)},
    )
    asked = f"No {request.extract.name} from {request.date_from} to {request.date_to} (not included)"
    place = " of these sites" if request.sites else ""
    return f"{asked}: sessions{place} lie from {first} to {last}." if first else f"{asked}: no session{place} is known."


def _ask(lake: Lake, query: str, parameters: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
    cursor = lake.cursor()
    try:
        return cursor.execute(query, parameters or {}).fetchall()
    finally:
        cursor.close()


def extract_bytes(
    lake: Lake, name: str, date_from: date, date_to: date, fmt: Format, sites: Sequence[str] | None = None
) -> bytes:
    """The same file's content, for a download. Safe to call from any thread."""
    request, writer = _request(name, date_from, date_to, sites), _writer(fmt)
    buffer = io.BytesIO()
    with _run(lake, request) as result:
        writer(result, buffer)
    return buffer.getvalue()


def _request(name: str, date_from: date, date_to: date, sites: Sequence[str] | None) -> Request:
    if name not in EXTRACTS:
        raise QueryError(f"There is no extract {name!r}; there are {', '.join(EXTRACTS)}.")
    if date_to <= date_from:
        raise QueryError(
            f"No day lies between {date_from} and {date_to}: the second is not included and must be later."
        )
    return Request(EXTRACTS[name], date_from, date_to, None if sites is None else tuple(sites))


def _writer(fmt: str) -> Callable[[Result, BinaryIO], int]:
    writers: dict[str, Callable[[Result, BinaryIO], int]] = {
        "csv": _write_csv,
        "xlsx": _write_xlsx,
        "parquet": _write_parquet,
        "json": _write_json,
    }
    if fmt not in writers:
        raise QueryError(f"There is no format {fmt!r}; there are {', '.join(writers)}.")
    return writers[fmt]


@contextmanager
def _run(lake: Lake, request: Request) -> Iterator[Result]:
    cursor = lake.cursor()
    try:
        cursor.execute("SET preserve_insertion_order=true")
        cursor.execute("BEGIN")
        row = cursor.execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
        cursor.execute(
            request.extract.sql,
            {
                "date_from": request.date_from,
                "date_to": request.date_to,
                "sites": None if request.sites is None else list(request.sites),
            },
        )
        yield Result(request, cursor, int(row[0]) if row else 0)
    except duckdb.Error as error:
        raise QueryError(f"The extract {request.extract.name} could not be read: {error}") from error
    finally:
        cursor.close()


def _write_csv(result: Result, file: BinaryIO) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer, rows = csv.writer(text), 0
    writer.writerow(result.columns)
    for batch in result.batches():
        writer.writerows([for_text(value) for value in row] for row in batch)
        rows += len(batch)
    text.detach()
    return rows


def _write_json(result: Result, file: BinaryIO) -> int:
    columns, rows = result.columns, 0
    file.write(b"[")
    for batch in result.batches():
        for row in batch:
            object_ = {name: for_json(value) for name, value in zip(columns, row, strict=True)}
            file.write((",\n" if rows else "\n").encode() + json.dumps(object_, ensure_ascii=False).encode())
            rows += 1
    file.write(b"\n]\n")
    return rows


def _write_parquet(result: Result, file: BinaryIO) -> int:
    import pyarrow.parquet as pq

    reader = result.con.to_arrow_reader(BATCH_ROWS)
    rows = 0
    with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_xlsx(result: Result, file: BinaryIO) -> int:
    from warehouse.extracts.spreadsheet import write_workbook

    return write_workbook(result, file)
