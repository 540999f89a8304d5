"""`ops`: what the pipeline did and what it found."""

from __future__ import annotations

from warehouse.contract.model import Table, optional, required

WATERMARKS = Table(
    "ops",
    "watermarks",
    "one advance of one stage (appended, never changed; the greatest counts)",
    ("stage", "snapshot_id"),
    (
        required("stage", "VARCHAR", "stage of the pipeline"),
        required("snapshot_id", "BIGINT", "newest DuckLake snapshot whose rows the stage has taken in"),
        required("done_at", "TIMESTAMPTZ", "when"),
    ),
)

LANDED_FILES = Table(
    "ops",
    "landed_files",
    "one landed file that now belongs to the lake",
    ("path",),
    (
        required("path", "VARCHAR", "absolute path or address it was registered under"),
        required("registered_at", "TIMESTAMPTZ", "when"),
    ),
)

FAULTS = Table(
    "ops",
    "faults",
    "one kind of data fault in one place",
    ("fault_id",),
    (
        required("fault_id", "VARCHAR", "made from kind, station and session or file"),
        required("kind", "VARCHAR", "what is wrong, e.g. implausible_power, unreadable_file, unpriced"),
        optional("station_id", "VARCHAR", "station concerned"),
        optional("session_id", "VARCHAR", "session concerned"),
        required("evidence", "JSON", "the facts: frames as [collector_id, seq], registers, a file's name …"),
        required("first_seen_at", "TIMESTAMPTZ", "time of the first evidence"),
        required("last_seen_at", "TIMESTAMPTZ", "time of the newest evidence"),
    ),
)

REGISTRY_HISTORY = Table(
    "ops",
    "registry_history",
    "one change of one registry row, without personal data",
    ("table_name", "row_key", "changed_at"),
    (
        required("table_name", "VARCHAR", "registry table"),
        required("row_key", "VARCHAR", "key columns as a JSON array; tokens by their pseudonym"),
        required("changed_at", "TIMESTAMPTZ", "when the change was seen"),
        required("change", "VARCHAR", "what happened", values=("set", "removed")),
        required("row_hash", "VARCHAR", "MD5 of the row, to tell a change"),
        optional("row_json", "JSON", "the row; NULL when removed"),
    ),
)

TABLES = (WATERMARKS, LANDED_FILES, FAULTS, REGISTRY_HISTORY)
