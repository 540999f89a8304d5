"""Run one SQL file with named parameters."""

from __future__ import annotations

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
    """The rows of `sql/<name>.sql`. Safe to call from any thread: each call takes its own cursor.

    A tuple stands for the values of `IN ($name)`, none of them for no row.
    """
    text = _text(name)
    bound: dict[str, object] = {}
    for key, value in parameters.items():
        if isinstance(value, tuple):
            each = {f"{key}_{place}": one for place, one in enumerate(value)}
            text = text.replace(f"(${key})", f"({', '.join(f'${one}' for one in each) or 'NULL'})")
            bound |= each
        else:
            bound[key] = value
    cursor = lake.cursor()
    try:
        return cursor.execute(text, bound).pl()
    except duckdb.Error as error:
        raise QueryError(f"The figures of `{name}` could not be read: {error}") from error
    finally:
        cursor.close()
