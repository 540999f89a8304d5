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
from typing import BinaryIO, Literal, get_args

import duckdb

from warehouse.errors import QueryError
from warehouse.extracts.catalog import EXTRACTS, Extract
from warehouse.files import refuse_own, whole_file
from warehouse.plain import for_json, for_text
from warehouse.store import Lake

Format = Literal["csv", "xlsx", "parquet", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
BATCH_ROWS = 10_000


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
    """What was written: rows without header and totals, where, and the lake's snapshot that they are of."""

    rows: int
    path: Path
    snapshot: int

    def __str__(self) -> str:
        return f"{self.rows} rows in {self.path} (snapshot {self.snapshot})"


def write_extract(
    lake: Lake,
    name: str,
    date_from: date,
    date_to: date,
    fmt: Format,
    target: Path,
    sites: Sequence[str] | None = None,
) -> ExtractReport:
    """Write extract `name` of the local days from `date_from` (included) to `date_to` (not included) to `target`.

    `target` is replaced in one step. Raises `QueryError` for an unknown name, format or an empty range.
    """
    request, writer = _request(name, date_from, date_to, sites), _writer(fmt)
    refuse_own(target, lake.settings)
    with whole_file(target) as path, path.open("wb") as file, _run(lake, request) as result:
        rows = writer(result, file)
    return ExtractReport(rows, target, result.snapshot)


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
