"""Stage `core.transaction_events`: which frames start, change or end a transaction."""

from __future__ import annotations

from pathlib import Path

from pipelines.pseudonyms import ensure_pseudonyms
from pipelines.sessions.parsing import parse
from pipelines.stages import Replacement, Stage, sql, temp_table, temp_view
from warehouse.contract import core, raw
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent


def compute(lake: Lake, window: Window) -> list[Replacement]:  # noqa: ARG001 (the views hold the window)
    """Parse the new frames; tokens seen for the first time get their pseudonym before."""
    parse(lake, lambda: temp_table(lake, "parsed_events", sql(HERE / "parsed_events.sql")))
    ensure_pseudonyms(lake, "SELECT raw_token FROM parsed_events")
    temp_view(lake, "event_rows", sql(HERE / "transaction_events.sql"))
    return [Replacement(core.EVENTS, "event_rows", touched=None)]


STAGE = Stage("transaction_events", (raw.MESSAGES,), (core.EVENTS,), compute)
