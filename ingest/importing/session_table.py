"""Rows of a CSV or Parquet file, whatever its columns are called, without reading it whole."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ingest.importing.source import PARQUET_MARK, Source, Unreadable, lines_of

Row = tuple[int, Mapping[str, Any]]
"""The line as an editor counts it (the last one of the row), or the row's number in Parquet; and the row."""

_DELIMITERS: Final = (",", ";", "\t", "|")
_ROWS_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class SessionTable:
    """A file open for reading: its columns, how many rows Parquet says there are, and the rows."""

    columns: Sequence[str]
    rows: Iterator[Row]
    count: int | None = None


def open_table(source: Source, encoding: str = "utf-8") -> SessionTable:
    """The rows of `source`. Raises `Unreadable`, also while they are read."""
    if source.mark().startswith(PARQUET_MARK):
        return _parquet(source)
    if source.name.lower().endswith(".parquet"):
        raise Unreadable(source.name, "is called Parquet and is none")
    rows = _csv(source, encoding)
    _, columns = next(rows)
    return SessionTable(list(columns), rows)


def _csv(source: Source, encoding: str) -> Iterator[Row]:
    """The header first, as a row whose keys are the columns."""
    lines = _texts(source, encoding)
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=first.count)

    def all_lines() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(all_lines(), delimiter=delimiter)
    try:
        header = [name.strip() for name in next(reader, [])]
        if not header or len(set(header)) != len(header):
            raise Unreadable(source.name, "has no line of column names" if not header else "has a column name twice")
        yield 0, dict.fromkeys(header)
        for fields in reader:
            if any(field.strip() for field in fields):
                if len(fields) != len(header):
                    fields = [*fields, *[""] * (len(header) - len(fields))]
                row: dict[str, Any] = dict(zip(header, fields, strict=False))
                if len(fields) > len(header):
                    row[""] = fields[len(header) :]
                yield reader.line_num, row
    except csv.Error as error:
        raise Unreadable(source.name, f"is no CSV at line {reader.line_num + 1}: {error}") from error


def _texts(source: Source, encoding: str) -> Iterator[str]:
    number = 0
    with source.opened() as stream:
        for batch in lines_of(stream):
            for raw in batch:
                number += 1
                if raw is None:
                    raise Unreadable(source.name, f"has a line of more than 16 MiB: {number}")
                try:
                    yield raw.decode(encoding) + "\n"
                except UnicodeDecodeError:
                    mend = "save it as UTF-8, or name its `encoding` in the map"
                    raise Unreadable(source.name, f"is not {encoding} text at line {number}; {mend}") from None


def _parquet(source: Source) -> SessionTable:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(source.open_seekable())
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(source.name, f"cannot be read as Parquet: {error}") from error

    def rows() -> Iterator[Row]:
        number = 0
        try:
            with file:
                for batch in file.iter_batches(_ROWS_AT_ONCE):
                    for row in batch.to_pylist():
                        number += 1
                        yield number, row
        except (pa.ArrowException, OSError) as error:
            raise Unreadable(source.name, f"cannot be read as Parquet: {error}") from error

    return SessionTable(file.schema_arrow.names, rows(), file.metadata.num_rows)
