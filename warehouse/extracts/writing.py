"""Write an extract as CSV (RFC 4180, UTF-8), XLSX, Parquet or JSON, to a file or to memory.

Every extract reads the lake at one mark (`marks.py`), which the report names: the same mark gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from warehouse.errors import InputError, QueryError
from warehouse.extracts import account_files, marks
from warehouse.extracts.accounts import Chart, load
from warehouse.extracts.catalog import EXTRACTS, FORMATS, Extract, Format
from warehouse.extracts.marks import Mark
from warehouse.files import refuse_own, whole_file
from warehouse.people.roles import Principal
from warehouse.plain import for_json, for_text
from warehouse.store import Lake, open_lake
from warehouse.store.sight import Sight

BATCH_ROWS = 10_000
SITES_SHOWN = 20  # in a message


class Unbalanced(QueryError):
    """A document whose debit and credit differ: its VAT or its total is not that of its lines."""

    def __init__(self, document_id: str, debit: Decimal, credit: Decimal) -> None:
        super().__init__(
            f"{document_id} is posted with {debit} in debit and {credit} in credit. Nothing was written; "
            "`kwhouse close YYYY-MM --status` says what does not add up."
        )
        self.document_id, self.debit, self.credit = document_id, debit, credit


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: local days from `date_from` (included) to `date_to` (not included), of all sites or some."""

    extract: Extract
    date_from: date
    date_to: date
    sites: tuple[str, ...] | None
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """An open result: `con` gives its rows, as of `mark`; `chart` says the accounts."""

    request: Request
    con: duckdb.DuckDBPyConnection
    mark: Mark
    chart: Chart

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

    `mark` is what `--snapshot` takes to write the same bytes again: the snapshot, and where documents were issued after
    it, up to when. `note` says where the data lie when there is no row.
    """

    rows: int
    path: Path
    snapshot: int
    note: str = ""
    mark: str = ""

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"{rows} in {self.path} (snapshot {self.mark or self.snapshot})"


def write_extract(
    lake: Lake,
    name: str,
    date_from: date,
    date_to: date,
    fmt: Format | None,
    target: Path,
    sites: Sequence[str] | None = None,
    *,
    operator: str | None = None,
    snapshot: str | None = None,
    who: Principal | None = None,
) -> ExtractReport:
    """Write extract `name` of the local days from `date_from` (included) to `date_to` (not included) to `target`.

    `fmt` None: as `target` ends. `target` is replaced in one step. `snapshot`: the mark of an earlier extract; None: as
    everything is now. `who` asks: the file holds what they may see; None: whoever runs the command, and all that
    `lake` shows. Raises `QueryError` for an unknown name, format, site or an empty range, `InputError` where `target`
    cannot be written or ends as another format does, or the snapshot is not kept, `NotAllowed`.
    """
    request = _request(name, date_from, date_to, sites, operator)
    lake = _for(lake, request.extract, who)
    writer = _writer(request.extract, format_of(target, fmt, request.extract))
    _refuse_unknown_sites(lake, request)
    refuse_own(target, lake.settings)
    with whole_file(target) as path, path.open("wb") as file, _run(lake, request, snapshot) as result:
        rows = writer(result, file)
    note = "" if rows else _where_data_lie(lake, request)
    return ExtractReport(rows, target, result.mark.snapshot, note, str(result.mark))


def _for(lake: Lake, extract: Extract, who: Principal | None) -> Lake:
    """What `who` sees of the lake, if they may read the extract. Raises `NotAllowed`."""
    if who is None:
        return lake
    extract.require_open_to(who)
    return lake.seen_with(Sight.of(who))


def format_of(target: Path, fmt: Format | None, extract: Extract | None = None) -> Format:
    """The format to write `target` in: the one given, else the one that its name ends in, else the extract's first."""
    ending = next((known for known in FORMATS if target.suffix.lower() == f".{known}"), None)
    if fmt and ending and fmt != ending:
        raise InputError(f"{target} ends in .{ending}, but --format says {fmt}. Name {target.with_suffix('.' + fmt)}.")
    if not fmt and not ending and target.suffix:
        raise InputError(f"{target}: no format ends in {target.suffix}. Give --format: {', '.join(FORMATS)}.")
    return fmt or ending or ("csv" if extract is None else extract.formats[0])


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
    if not first:
        return f"{asked}: no session{place} is known."
    told = f"{asked}: sessions{place} lie from {first} to {last}."
    is_of_issued = request.extract.by_operator or request.extract.shape.startswith("ocpi")
    if is_of_issued and first < request.date_to and last >= request.date_from:
        told += " It tells what has been issued and paid: `kwhouse invoice issue` issues what is due."
    return told


def _ask(lake: Lake, query: str, parameters: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
    cursor = lake.cursor()
    try:
        return cursor.execute(query, parameters or {}).fetchall()
    finally:
        cursor.close()


def extract_bytes(
    lake: Lake,
    name: str,
    date_from: date,
    date_to: date,
    fmt: Format,
    sites: Sequence[str] | None = None,
    *,
    operator: str | None = None,
    snapshot: str | None = None,
    who: Principal | None = None,
) -> bytes:
    """The same file's content, for a download. Safe to call from any thread."""
    return extract_content(lake, name, date_from, date_to, fmt, sites, operator=operator, snapshot=snapshot, who=who)[0]


def extract_content(
    lake: Lake,
    name: str,
    date_from: date,
    date_to: date,
    fmt: Format,
    sites: Sequence[str] | None = None,
    *,
    operator: str | None = None,
    snapshot: str | None = None,
    who: Principal | None = None,
) -> tuple[bytes, int, str]:
    """The file's content, its number of rows, and its mark."""
    request = _request(name, date_from, date_to, sites, operator)
    lake = _for(lake, request.extract, who)
    writer = _writer(request.extract, fmt)
    buffer = io.BytesIO()
    with _run(lake, request, snapshot) as result:
        rows = writer(result, buffer)
    return buffer.getvalue(), rows, str(result.mark)


def _request(
    name: str, date_from: date, date_to: date, sites: Sequence[str] | None, operator: str | None = None
) -> Request:
    if name not in EXTRACTS:
        raise QueryError(f"There is no extract {name!r}; there are {', '.join(EXTRACTS)}.")
    if date_to <= date_from:
        raise QueryError(
            f"No day lies between {date_from} and {date_to}: the second is not included and must be later."
        )
    extract = EXTRACTS[name]
    if sites is not None and not extract.by_site:
        raise QueryError(f"{name} is of whole operators: leave the sites out.")
    if operator is not None and not extract.by_operator:
        raise QueryError(f"{name} is of all operators: leave the operator out, and name sites.")
    return Request(extract, date_from, date_to, None if sites is None else tuple(sites), operator)


def _writer(extract: Extract, fmt: str) -> Callable[[Result, BinaryIO], int]:
    if fmt not in FORMATS:
        raise QueryError(f"There is no format {fmt!r}; there are {', '.join(extract.formats)}.")
    if fmt not in extract.formats:
        raise QueryError(f"{extract.name} is not written as {fmt}; there are {', '.join(extract.formats)}.")
    if extract.shape == "datev":
        from warehouse.extracts.datev import write_datev

        return write_datev
    if extract.shape != "table":
        from warehouse.extracts.ocpi import write_ocpi

        return write_ocpi
    writers: dict[str, Callable[[Result, BinaryIO], int]] = {
        "csv": _write_csv,
        "xlsx": _write_xlsx,
        "parquet": _write_parquet,
        "json": _write_json,
        "xml": _write_xml,
    }
    return writers[fmt]


@contextmanager
def _run(lake: Lake, request: Request, snapshot: str | None) -> Iterator[Result]:
    mark = marks.newest(lake) if snapshot is None else marks.parse(lake, snapshot)
    mark, chart = _accounts(lake, request.extract, mark)
    asked: dict[str, object] = {
        "date_from": request.date_from,
        "date_to": request.date_to,
        "sites": None if request.sites is None else list(request.sites),
        "operator": request.operator,
    }
    query = request.extract.sql
    # Opened anew at the mark, also for the newest one: so an extract rests on nothing that its mark does not name.
    with open_lake(lake.settings, at=mark.snapshot, until=mark.until, sight=lake.sight) as then:
        cursor = then.cursor()
        try:
            cursor.execute("SET preserve_insertion_order=true")
            load(cursor, chart)
            if (check := request.extract.check) and (row := cursor.execute(check, _named(check, asked)).fetchone()):
                raise Unbalanced(*row)
            cursor.execute(query, _named(query, asked))
            yield Result(request, cursor, mark, chart)
        except duckdb.Error as error:
            raise QueryError(f"The extract {request.extract.name} could not be read: {error}") from error
        finally:
            cursor.close()


def _accounts(lake: Lake, extract: Extract, mark: Mark) -> tuple[Mark, Chart]:
    """The accounts that an extract posts to, and the mark that names them; those that post to none name none."""
    if not extract.balanced:
        return replace(mark, accounts=None), Chart()
    if mark.accounts is not None:
        return mark, account_files.kept(lake.settings, mark.accounts)
    chart, name = account_files.declared(lake.settings)
    return replace(mark, accounts=name), chart


def _named(query: str, asked: dict[str, object]) -> dict[str, object]:
    # DuckDB refuses parameters that a statement does not have.
    return {name: value for name, value in asked.items() if f"${name}" in query}


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
    facts = {"kwhouse.extract": result.request.extract.name, "kwhouse.snapshot": str(result.mark)}
    schema = reader.schema.with_metadata({**(reader.schema.metadata or {}), **facts})
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_xlsx(result: Result, file: BinaryIO) -> int:
    from warehouse.extracts.spreadsheet import write_workbook

    return write_workbook(result, file)


def _write_xml(result: Result, file: BinaryIO) -> int:
    from warehouse.extracts.journal import write_journal

    return write_journal(result, file)
