"""DuckDB's extensions: they come as wheels, nothing is fetched at run time.

DuckDB checks a file's signature each time a database loads it, by hashing all of it: a third of a second for ducklake
and sqlite_scanner, more than all else that opening the store does. The library itself stays in the process from the
first time on. So a process checks each file once, and later databases take the same file, untouched, as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

# The files that this process has loaded after DuckDB checked their signatures, and what they were then.
_checked: dict[str, tuple[Path, tuple[int, ...]]] = {}


def connect_with(extensions: Sequence[str], config: Mapping[str, str] | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory with `extensions`, and with `config` besides what keeps it from fetching others."""
    settings = {"autoinstall_known_extensions": "false", **(config or {})}
    known = all(name in _checked and _stamp(_checked[name][0]) == _checked[name][1] for name in extensions)
    con = duckdb.connect(config={**settings, **({"allow_unsigned_extensions": "true"} if known else {})})
    try:
        for name in extensions:
            if known:
                con.load_extension(str(_checked[name][0]))
            else:
                _load_checked(con, name)
        if known:
            con.execute("SET allow_unsigned_extensions = false")  # from here on for good: DuckDB lets nobody undo it
    except BaseException:
        con.close()
        raise
    return con


def _load_checked(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension whose signature DuckDB checks; the first time its file is unpacked to DuckDB's own folder."""
    path = _installed(con, name)
    if path is None:
        import duckdb_extensions

        duckdb_extensions.import_extension(name, con=con)
        path = _installed(con, name)
    before = path and _stamp(path)
    con.load_extension(name)
    if path and before:
        _checked[name] = path, before


def _installed(con: duckdb.DuckDBPyConnection, name: str) -> Path | None:
    found = con.execute(
        "SELECT install_path FROM duckdb_extensions() WHERE extension_name = ? AND installed", [name]
    ).fetchone()
    return Path(found[0]) if found and found[0] and Path(found[0]).is_file() else None


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
