"""Append many rows to a lake table: written to a Parquet file first, registered under the writer's lock afterwards.

So the lock is held for milliseconds, whatever the rows cost to compute. A crash in between leaves a file that nothing
refers to, as few rows do in a bucket; maintenance deletes it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from warehouse.contract import Table
from warehouse.contract.ddl import CATALOG, quoted, stored_type
from warehouse.store.connection import Lake, data_path

# Fewer rows than that go into DuckLake's own files: many tiny ones make every read slow.
FEW_ROWS = 10_000
# Columns of many different values are written faster without a dictionary, and no larger.
DICTIONARY_VALUES = 1_000
# zstd's usual level 3 takes an eighth longer to write readings, for files 0.7 % smaller.
LEVEL = 1


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A Parquet file in the lake's folder that the catalog does not know yet."""

    path: str
    rows: int

    @property
    def is_registered(self) -> bool:
        """Whether it becomes one of the lake's files: few rows are copied instead."""
        return self.rows >= FEW_ROWS


def write_file(lake: Lake, table: Table, rows: str) -> WrittenFile:
    """Write the rows of a temporary table or view, cast to the contract's types, beside the files of `table`."""
    folder = f"{data_path(lake.settings)}{table.schema}/{table.name}/"
    if "://" not in folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    path = f"{folder}{uuid.uuid4()}.parquet"
    columns = ", ".join(f'CAST("{c.name}" AS {stored_type(c)}) AS "{c.name}"' for c in table.columns)
    order = f" ORDER BY {', '.join(table.sort)}" if table.sort else ""
    try:
        count = lake.con.execute(
            f"COPY (SELECT {columns} FROM {rows}{order}) TO {quoted(path)} "  # noqa: S608 (names of the contract)
            f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {LEVEL}, PARQUET_VERSION v2, "
            f"DICTIONARY_SIZE_LIMIT {DICTIONARY_VALUES})"
        ).fetchone()
    except BaseException:
        remove_unused([WrittenFile(path, 0)])
        raise
    return WrittenFile(path, int(count[0]) if count else 0)


def write_files(lake: Lake, table: Table, several: Iterable[str]) -> tuple[WrittenFile, ...]:
    """Write each of several temporary tables or views, as `write_file` does: all of them or, where one raises, none."""
    files: list[WrittenFile] = []
    try:
        for rows in several:
            files.append(write_file(lake, table, rows))  # noqa: PERF401 (an error leaves what was written so far)
    except BaseException:
        remove_unused(files)
        raise
    return tuple(files)


def append_file(lake: Lake, table: Table, file: WrittenFile) -> int:
    """Make the rows of a written file part of `table`; call inside a write transaction. Returns how many they are."""
    if file.is_registered:
        lake.con.execute(
            f"CALL ducklake_add_data_files('{CATALOG}', '{table.name}', [{quoted(file.path)}], "
            f"schema => '{table.schema}')"
        )
    elif file.rows:
        lake.con.execute(
            f"INSERT INTO {CATALOG}.{table.full_name} BY NAME SELECT * FROM read_parquet({quoted(file.path)})"  # noqa: S608
        )
    return file.rows


def remove_unused(files: Iterable[WrittenFile]) -> None:
    """Remove files that did not become part of the lake: their few rows were copied, or another run was first."""
    for file in files:
        if "://" not in file.path:
            Path(file.path).unlink(missing_ok=True)
