"""Decisions on who may charge, as far as collectors' files have been taken in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def decisions(
    lake: Lake,
    *,
    id_token: str | None = None,
    station_id: str | None = None,
    refused: bool = False,
    limit: int,
) -> pl.DataFrame:
    """The newest decisions first, at most `limit`.

    `id_token` in any case, as the station sent it; `refused`: only those that did not let in.
    """
    return frame(
        lake,
        "access_decisions",
        id_token=id_token,
        station_id=station_id,
        refused=refused,
        limit=limit,
    )


def newest(lake: Lake) -> datetime | None:
    """When the newest decision was taken; None: there is none."""
    found: datetime | None = frame(lake, "access_decisions_newest")["decided_at"][0]
    return found
