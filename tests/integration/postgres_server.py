"""A PostgreSQL server for tests: the system's binaries, a folder of its own, a socket and no port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

MISSING = "PostgreSQL's server is not installed; the system's package is called `postgresql`"


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`; None where the server is not installed."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    folders += [Path("/usr/pgsql/bin"), Path("/opt/homebrew/bin")]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _other_user() -> str | None:
    # PostgreSQL refuses to run as root; its package brings a user of its own.
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """Run a server whose data lie in `folder`; gives libpq's connection string for a fresh database."""
    programs = binaries()
    assert programs is not None, MISSING
    user = _other_user()
    # A socket's path may have 107 bytes only, so it cannot lie in pytest's folder.
    sockets = Path(mkdtemp(prefix="kwpg"))
    data, log = sockets / "data", sockets / "log"
    if user:
        shutil.chown(sockets, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        done = subprocess.run(command, user=user, capture_output=True, text=True, cwd=sockets, timeout=120)
        if done.returncode:
            server_log = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}{server_log}")

    try:
        run("initdb", "-D", str(data), "-U", "kwhouse", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={sockets} -c fsync=off"
        run("pg_ctl", "-D", str(data), "-o", options, "-l", str(log), "-w", "start")
        try:
            yield f"host={sockets} user=kwhouse dbname=postgres"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
