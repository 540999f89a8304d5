"""What imports have landed."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq

from warehouse.settings import Settings


def rows(settings: Settings, table: str) -> list[dict[str, Any]]:
    """The rows of all landed files of a raw table, in the order of their numbers."""
    found = [row for path in settings.landing.glob(f"{table}-*.parquet") for row in pq.read_table(path).to_pylist()]
    return sorted(found, key=lambda row: (row["collector_id"], row["seq"]))


def landed(settings: Settings) -> dict[str, bytes]:
    """Everything in the landing folder, hidden files included."""
    return {path.name: path.read_bytes() for path in settings.landing.iterdir()}
