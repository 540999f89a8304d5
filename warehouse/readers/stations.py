"""Stations by model and firmware: what was learned, and what the operator has decided instead."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl

_FIGURES = (
    "stations", "sessions", "register_behaviour", "clock_offset_seconds", "sampling_seconds", "unit_mismatches",
    "energy_factor", "token_pattern",
)  # fmt: skip


def profiles(lake: Lake) -> pl.DataFrame:
    """One row a vendor, model and firmware: learned figures, and beside them the operator's (`own_…`).

    `own_firmware` says which row of `registry.station_profiles` holds, `*` for every firmware of the model; NULL where
    none does. Rows that the operator declared and no station has booted with have no learned figures.
    """
    return frame(lake, "station_profiles")


def side_by_side(rows: pl.DataFrame) -> pl.DataFrame:
    """The same as a narrow table for people: one row a figure, what was learned beside what the operator says."""
    import polars as pl

    told = [
        {
            "vendor": row["vendor"],
            "model": row["model"],
            "firmware": row["firmware"],
            "figure": figure,
            "learned": _text(row.get(figure)),
            "operator": _text(row.get(f"own_{figure}")),
        }
        for row in rows.iter_rows(named=True)
        for figure in _FIGURES
        if row.get(figure) is not None or row.get(f"own_{figure}") is not None
    ]
    names = ("vendor", "model", "firmware", "figure", "learned", "operator")
    return pl.DataFrame(told, schema=dict.fromkeys(names, pl.String))


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
