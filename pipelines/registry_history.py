"""Stage `ops.registry_history`: what people changed in the registry, carried into the lake.

The registry lives in the state database, outside the lake's snapshots. Comparing it with the newest history rows
gives stages a change feed of it, and says later what was declared when. Personal columns stay behind; a token is
named by its pseudonym.
"""

from __future__ import annotations

import time

from pipelines.pseudonyms import ensure_pseudonyms
from pipelines.stages import StageResult, temp_table
from warehouse.contract import Table, ops
from warehouse.contract.registry import TRACKED
from warehouse.store import Lake

NAME = "registry_history"


def record_registry(lake: Lake) -> StageResult:
    """Append a row for each registry row that was set or removed since the last time; nothing where none was."""
    started = time.perf_counter()
    ensure_pseudonyms(lake, "SELECT id_token FROM registry.tokens")
    temp_table(lake, "registry_changes", _changes())
    count = lake.con.execute("SELECT count(*) FROM registry_changes").fetchone()
    changes = int(count[0]) if count else 0
    if changes:
        with lake.write(NAME) as con:
            con.execute("INSERT INTO lake.ops.registry_history BY NAME SELECT * FROM registry_changes")
    lake.con.execute("DROP TABLE registry_changes")
    rows = {ops.REGISTRY_HISTORY.full_name: changes} if changes else {}
    return StageResult(NAME, None, time.perf_counter() - started, rows)


def _changes() -> str:
    declared = "\n    UNION ALL\n    ".join(_rows(table) for table in TRACKED)
    return f"""
WITH declared AS (
    {declared}
),
hashed AS (
    SELECT *, md5(row_json) AS row_hash FROM declared
),
recorded AS (
    SELECT table_name, row_key, change, row_hash
    FROM {ops.REGISTRY_HISTORY.full_name}
    QUALIFY row_number() OVER (PARTITION BY table_name, row_key ORDER BY changed_at DESC) = 1
)
SELECT table_name, row_key, now() AS changed_at, 'set' AS change, row_hash, row_json
FROM hashed
ANTI JOIN (SELECT * FROM recorded WHERE change = 'set') USING (table_name, row_key, row_hash)
UNION ALL
SELECT table_name, row_key, now(), 'removed', row_hash, NULL
FROM (SELECT * FROM recorded WHERE change = 'set')
ANTI JOIN hashed USING (table_name, row_key)
"""  # noqa: S608 (names from the contract)


def _rows(table: Table) -> str:
    """One SELECT of a registry table's rows as key and JSON, without what is personal."""
    source = f"{table.full_name} AS declared_row"
    values = {column.name: f'declared_row."{column.name}"' for column in table.columns if not column.personal}
    if table.name == "tokens":
        source += " JOIN registry.pseudonyms AS pseudonyms USING (id_token)"
        values = {"id_token": "pseudonyms.pseudonym", **values}
    key = ", ".join(f"CAST({values[name]} AS VARCHAR)" for name in table.key)
    fields = ", ".join(f"'{name}': {value}" for name, value in values.items())
    return (
        f"SELECT '{table.name}' AS table_name, CAST(to_json([{key}]) AS VARCHAR) AS row_key, "  # noqa: S608
        f"CAST(to_json({{{fields}}}) AS VARCHAR) AS row_json FROM {source}"
    )
