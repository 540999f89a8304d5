"""Run one SQL file with named parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from warehouse.errors import QueryError
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl

_FOLDER = Path(__file__).parent / "sql"


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def frame(lake: Lake, name: str, **parameters: object) -> pl.DataFrame:
    """The rows of `sql/<name>.sql`. Safe to call from any thread: each call takes its own cursor."""
    return _rows(lake, name, _text(name), parameters)


def frame_of_few(lake: Lake, name: str, among: str, few: Sequence[object], **parameters: object) -> pl.DataFrame:
    """As `frame` with the list `few` for `IN (SELECT unnest($among))`, each of it as a parameter of its own: files and
    row groups that hold none of them are then not read. Planning takes longer the more they are: seconds for thousands.
    """
    each = {f"{among}_{place}": one for place, one in enumerate(few)}
    listed = ", ".join(f"${one}" for one in each) or "NULL"
    return _rows(lake, name, _text(name).replace(f"IN (SELECT unnest(${among}))", f"IN ({listed})"), parameters | each)


def _rows(lake: Lake, name: str, text: str, parameters: dict[str, object]) -> pl.DataFrame:
    cursor = lake.cursor()
    try:
        return cursor.execute(text, parameters).pl()
    except duckdb.Error as error:
        raise QueryError(f"The figures of `{name}` could not be read: {error}") from error
    finally:
        cursor.close()
