"""Stage `frames`: which frames start, change or end a transaction, and what they say of a connector's status.

Changes within a transaction, which are many in OCPP 2.x, go into files of their own: whoever looks for starts, stops or
answers does not open them.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.pseudonyms import ensure_pseudonyms
from pipelines.sessions.parsing import parse
from pipelines.stages import Replacement, Stage, sql, temp_table, temp_view
from warehouse.contract import core, raw
from warehouse.store import Lake
from warehouse.store.appending import write_files
from warehouse.store.changes import Window

HERE = Path(__file__).parent


def compute(lake: Lake, window: Window) -> list[Replacement]:  # noqa: ARG001 (the views hold the window)
    """Parse the new frames; tokens seen for the first time get their pseudonym before. Append-only."""
    parse(lake, lambda: temp_table(lake, "parsed_events", sql(HERE / "parsed_events.sql")))
    ensure_pseudonyms(lake, "SELECT raw_token FROM parsed_events WHERE event IS NOT NULL")
    temp_view(lake, "event_rows", sql(HERE / "transaction_events.sql"))
    temp_view(lake, "update_rows", "SELECT * FROM event_rows WHERE event = 'updated'")
    temp_view(lake, "turn_rows", "SELECT * FROM event_rows WHERE event <> 'updated'")
    temp_view(lake, "status_rows", sql(HERE / "statuses.sql"))
    return [
        Replacement(core.EVENTS, write_files(lake, core.EVENTS, ("turn_rows", "update_rows")), touched=None),
        Replacement(core.STATUSES, "status_rows", touched=None),
    ]


STAGE = Stage("frames", (raw.MESSAGES,), (core.EVENTS, core.STATUSES), compute)
