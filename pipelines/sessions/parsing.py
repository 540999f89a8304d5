"""How payloads are parsed: as fast as can be, and for texts that no parser takes more patiently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb

from pipelines.stages import sql
from warehouse.store import Lake

T = TypeVar("T")
HERE = Path(__file__).parent
# A text that passes for JSON may still not be readable (a lone surrogate). TRY makes NULL of it, and costs half as much
# again as the parsing itself: it is used only where a batch holds such a text.
PARSERS = ("from_json(payload, structure)", "TRY(from_json(payload, structure))")


def parse(lake: Lake, work: Callable[[], T]) -> T:
    """Do `work`, whose SQL parses by the macro `parsed_as` and uses those of `frame_macros.sql`."""
    lake.con.execute(sql(HERE / "frame_macros.sql"))
    lake.read_anew()
    for parser in PARSERS[:-1]:
        _parse_by(lake, parser)
        try:
            return work()
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            lake.read_anew(failed=True)
    _parse_by(lake, PARSERS[-1])
    return work()


def _parse_by(lake: Lake, parser: str) -> None:
    lake.con.execute(f"CREATE OR REPLACE TEMP MACRO parsed_as(payload, structure) AS {parser}")
