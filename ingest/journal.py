"""The journal: what stations sent and were answered, on disk before any answer leaves.

SQLite in WAL mode with `synchronous=FULL`. One thread writes; a group is all that arrived while the last group was
being committed, so that one disk flush serves many frames. Only when a group is on disk are its answers sent. If the
disk refuses, the group is kept and tried again: no answer goes out meanwhile, and `failure` says why.

Rows look as `warehouse.contract.raw` says, except that times are integers (microseconds since 1970, UTC) and
collector_id, the same in all rows, stands once in `identity`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from warehouse.contract.model import Table
from warehouse.contract.raw import CONNECTIONS, MESSAGES, REJECTED

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")
_TABLES: Final = (MESSAGES, CONNECTIONS, REJECTED)
_ROWS_A_STATEMENT: Final = (128, 16, 1)
_RETRY_SECONDS: Final = 1.0
_WAL_BYTES: Final = 32 * 1024 * 1024  # what the write-ahead log is cut back to after a checkpoint
_TRANSACTION_DAYS: Final = 400  # how long a repeated StartTransaction is known again


def journal_columns(table: Table) -> tuple[str, ...]:
    """Columns of a raw table that the journal keeps in each row."""
    return tuple(name for name in table.column_names if name != "collector_id")


def _insert(table: Table, rows: int) -> str:
    columns = journal_columns(table)
    places = f"({','.join('?' * len(columns))})"
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {', '.join([places] * rows)}"  # noqa: S608


# One statement for many rows: sqlite3 gives up the interpreter lock once a statement, and gets it back late when the
# event loop is busy. A hundred single inserts would wait a hundred times.
_INSERTS: Final = {table.name: {rows: _insert(table, rows) for rows in _ROWS_A_STATEMENT} for table in _TABLES}
_WIDTHS: Final = {table.name: len(journal_columns(table)) for table in _TABLES}


class Group:
    """What one commit takes to disk: values of all rows one after the other, and what to do when they are there."""

    __slots__ = ("deliveries", "rows", "starts")

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = {table.name: [] for table in _TABLES}
        self.starts: list[tuple[Any, ...]] = []
        self.deliveries: list[tuple[Callable[[bytes], None], bytes]] = []
