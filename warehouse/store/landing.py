"""Take in the files that collectors and importers have landed.

A file is registered, not copied: from then on it belongs to DuckLake. Each path is registered once
(`ops.landed_files`); a file that cannot be read, or is not what the contract says, is set aside with the reason
and the rest goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.contract import Table, raw
from warehouse.contract.ddl import quoted, stored_type
from warehouse.store.connection import Lake


@dataclass(frozen=True, slots=True)
class Registered:
    """What one call took in: files and rows by table, and the files set aside with the reason."""

    files: dict[str, int]
    set_aside: dict[str, str]


def register_landed(lake: Lake) -> Registered:
    """Register every new landed file in one transaction. Safe to call at any time, from any process."""
    fresh, unreadable = _sort_out(lake, list(_new_files(lake)))
    taken: dict[str, int] = {}
    if fresh or unreadable:
        with lake.write("register landed files") as con:
            # Asked again under the lock: another process may have registered some meanwhile.
            still_new = set(_new_files(lake))
            for table in raw.TABLES:
                paths = [str(path) for path in fresh.get(table.name, ()) if path in still_new]
                if paths:
                    taken[table.name] = len(paths)
                    listing = ", ".join(quoted(path) for path in paths)  # the function takes literals only
                    con.execute(
                        f"CALL ducklake_add_data_files('lake', '{table.name}', [{listing}], schema => '{table.schema}')"
                    )
                    con.execute("INSERT INTO lake.ops.landed_files SELECT unnest(?), now()", [paths])
            _record_faults(con, unreadable)
        for path in unreadable:
            lake.settings.set_aside.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # another process has set it aside meanwhile
                path.rename(lake.settings.set_aside / path.name)
    return Registered(taken, {path.name: reason for path, reason in unreadable.items()})


def _new_files(lake: Lake) -> Iterator[Path]:
    landing = lake.settings.landing
    known = {row[0] for row in lake.con.execute("SELECT path FROM ops.landed_files").fetchall()}
    for path in sorted(landing.glob("*.parquet")):
        if str(path) not in known:
            yield path


def _sort_out(lake: Lake, paths: list[Path]) -> tuple[dict[str, list[Path]], dict[Path, str]]:
    """Good files by table, and bad ones with the reason."""
    tables = {table.name: table for table in raw.TABLES}
    good: dict[str, list[Path]] = {}
    bad: dict[Path, str] = {}
    for path in paths:
        table = tables.get(path.name.split("-", 1)[0])
        reason = "its name begins with no raw table's name" if table is None else _defect(lake, path, table)
        if reason:
            bad[path] = reason
        elif table is not None:
            good.setdefault(table.name, []).append(path)
    return good, bad


def _defect(lake: Lake, path: Path, table: Table) -> str | None:
    # DuckLake would read another type or a missing column as wrong values, so both are refused here.
    try:
        rows = lake.con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        # Every page is read once: a damaged one would stop each refresh from now on. 4 million rows a second.
        lake.con.execute("SELECT max(hash(landed)) FROM read_parquet(?) AS landed", [str(path)]).fetchall()
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    found = {row[0]: row[1].replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for row in rows}
    wanted = {column.name: stored_type(column) for column in table.columns}
    if found == wanted:
        return None
    wrong = sorted(set(found.items()) ^ set(wanted.items()))
    return "columns differ from the contract: " + ", ".join(f"{name} {kind}" for name, kind in wrong)


def _record_faults(con: duckdb.DuckDBPyConnection, unreadable: dict[Path, str]) -> None:
    now = datetime.now(UTC)
    for path, reason in unreadable.items():
        fault_id = hashlib.md5(f"unreadable_file|{path.name}".encode(), usedforsecurity=False).hexdigest()
        evidence = json.dumps({"file": path.name, "reason": reason})
        # The same file again, or set aside but for a crash: one fault, seen since the first time.
        row = con.execute("SELECT min(first_seen_at) FROM lake.ops.faults WHERE fault_id = ?", [fault_id]).fetchone()
        con.execute("DELETE FROM lake.ops.faults WHERE fault_id = ?", [fault_id])
        con.execute(
            "INSERT INTO lake.ops.faults BY NAME SELECT ? AS fault_id, 'unreadable_file' AS kind, ? AS evidence, "
            "CAST(? AS TIMESTAMPTZ) AS first_seen_at, CAST(? AS TIMESTAMPTZ) AS last_seen_at",
            [fault_id, evidence, (row[0] if row else None) or now, now],
        )
