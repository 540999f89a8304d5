"""Rows of an import on their way to the landing folder: Parquet files of a fixed range of numbers each.

The names of the files follow from the content that is imported, so an import that was killed, or is run again, sees
which of its files stand there or belong to the lake already and writes the others only. A file takes its name when it
is complete and on disk; rows are handed on in small groups, so that memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ingest.landing import Range, file_name
from warehouse.contract.model import Table
from warehouse.contract.schemas import polars_schema
from warehouse.errors import StoreError
from warehouse.files import sync
from warehouse.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

ROWS_A_FILE: Final = 1_000_000
_ROWS_A_GROUP: Final = 65_536
_CHARACTERS_A_GROUP: Final = 64_000_000


def landed_files(settings: Settings) -> frozenset[str]:
    """Names of the files that lie in the landing folder, or did before the lake took them."""
    from warehouse.store import open_lake
    from warehouse.store.connection import has_catalog

    names = {path.name for path in settings.landing.glob("*.parquet")}
    if has_catalog(settings):
        with open_lake(settings, read_only=True) as lake:
            rows = lake.con.execute("SELECT path FROM ops.landed_files").fetchall()
        names |= {str(path).rpartition("/")[2] for (path,) in rows}
    return frozenset(names)


def all_landed(known: frozenset[str], table: Table, import_id: str, numbers: int, rows_a_file: int) -> bool:
    """Whether each file of `table` that an import of `numbers` lines can have is there."""
    ranges = [_range(index, numbers, rows_a_file) for index in range(-(-numbers // rows_a_file))]
    return bool(ranges) and all(file_name(table, import_id, wanted) in known for wanted in ranges)


def _range(index: int, numbers: int, rows_a_file: int) -> Range:
    return Range(index * rows_a_file + 1, min((index + 1) * rows_a_file, numbers))


class Chunks:
    """Takes rows in the order of their numbers (1 to `numbers`) and makes files of them.

    The last of `tables` is the one that tells whether an import is complete: its file takes its name last.
    A row is everything of the table's columns after `collector_id`; times are microseconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        known: frozenset[str],
        import_id: str,
        numbers: int,
        tables: Sequence[Table],
        rows_a_file: int = ROWS_A_FILE,
    ) -> None:
        self._folder, self._known, self._import_id = folder, known, import_id
        self._numbers, self._rows_a_file = numbers, rows_a_file
        self._tables = tuple(tables)
        self._rows: dict[str, list[tuple[Any, ...]]] = {table.name: [] for table in tables}
        self._files: dict[str, _File] = {}
        self._index = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="parquet")
        self._characters = 0
        self._writing: Future[None] | None = None
        self.written: dict[str, int] = {table.name: 0 for table in tables}
        self.there_already: dict[str, int] = {table.name: 0 for table in tables}
        with _told():
            folder.mkdir(parents=True, exist_ok=True)

    def add(self, table: Table, row: tuple[Any, ...], characters: int) -> None:
        """`row[0]` is its number; numbers never go back. `characters`: how long its text is, about."""
        index = (row[0] - 1) // self._rows_a_file
        if index != self._index:
            self._finish_files()
            self._index = index
        rows = self._rows[table.name]
        rows.append(row)
        self._characters += characters
        if len(rows) >= _ROWS_A_GROUP or self._characters >= _CHARACTERS_A_GROUP:
            self._characters = 0
            self._hand_on(table)

    def _hand_on(self, table: Table) -> None:
        rows, self._rows[table.name] = self._rows[table.name], []
        if not rows:
            return
        name = file_name(table, self._import_id, _range(self._index, self._numbers, self._rows_a_file))
        if name in self._known:
            self.there_already[table.name] += len(rows)
            return
        file = self._files.get(table.name)
        if file is None:
            with _told():
                file = self._files[table.name] = _File(self._folder / name, table, self._import_id)
        self._drain()
        self._writing = self._pool.submit(file.write, rows)  # while the next group is read

    def _finish_files(self) -> None:
        for table in self._tables:
            self._hand_on(table)
        self._drain()
        for table in self._tables:
            if (file := self._files.get(table.name)) is not None:
                with _told():
                    file.finish()
                del self._files[table.name]
                self.written[table.name] += file.rows

    def _drain(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            with _told():
                writing.result()

    def __enter__(self) -> Chunks:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish_files()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
            for file in self._files.values():
                file.discard()


@contextmanager
def _told() -> Iterator[None]:
    """Tell the full disk from the file that cannot be read."""
    try:
        yield
    except OSError as error:
        mend = "Make room, or see to the folder's rights, and run the same import again: it goes on where it was."
        raise StoreError(f"The landing folder cannot be written ({error.strerror or error}). {mend}") from error


class _File:
    """One Parquet file while it is written, under a name that nobody else looks at."""

    def __init__(self, target: Path, table: Table, import_id: str) -> None:
        from pyarrow.parquet import ParquetWriter

        self.rows = 0
        self._target, self._import_id = target, import_id
        self._temporary = target.with_name(f".{target.name}.tmp")
        self._schema = arrow_schema(table)
        self._writer: ParquetWriter = ParquetWriter(self._temporary, self._schema, compression="zstd")

    def write(self, rows: list[tuple[Any, ...]]) -> None:
        import pyarrow as pa

        self.rows += len(rows)
        columns = [pa.repeat(pa.scalar(self._import_id, pa.string()), len(rows))]
        columns += [
            _array(values, kind) for values, kind in zip(zip(*rows, strict=True), self._schema.types[1:], strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def finish(self) -> None:
        self._writer.close()
        sync(self._temporary)
        self._temporary.rename(self._target)
        sync(self._target.parent)

    def discard(self) -> None:
        with suppress(OSError):
            self._writer.close()
        self._temporary.unlink(missing_ok=True)


def _array(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


def arrow_schema(table: Table) -> pa.Schema:
    """The contract's columns in order, as Arrow types that DuckDB reads as exactly the types declared."""
    import polars as pl
    import pyarrow as pa

    schema = pl.DataFrame(schema=polars_schema(table)).to_arrow().schema
    return pa.schema([pa.field(f.name, pa.string() if pa.types.is_large_string(f.type) else f.type) for f in schema])
