"""Python, the packages, DuckDB's extensions and the data folder."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path

from warehouse.doctor.finding import Finding, fail, ok, warn
from warehouse.settings import Settings

SCARCE_BYTES = 5 * 2**30  # a merge of the demo's raw files takes well under 1 GB; five leave room for growth
TOO_LITTLE_BYTES = 200 * 2**20
OTHER_VARIABLES = {"KWHOUSE_REFERENCE_DATA", "KWHOUSE_TEST_CHROMIUM"}  # read by tests
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def python(_settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield ok("python", version)  # an older one does not get this far


def packages(_settings: Settings) -> Iterator[Finding]:
    """Whether every package that kwhouse asks for is there, in the version asked for."""
    try:
        wanted = metadata.requires("kwhouse") or []
    except metadata.PackageNotFoundError:
        yield warn("packages", "kwhouse runs from its folder without being installed", "Run `make install`.")
        return
    problems, count = [], 0
    for requirement in wanted:
        name_and_version, _, marker = requirement.partition(";")
        match = re.match(r"([\w.-]+)(?:\[[\w,]*\])?\s*(?:==\s*([\w.]+))?", name_and_version)
        if match is None or "extra" in marker or ("win32" in marker and sys.platform == "win32"):
            continue
        count += 1
        name, version = match.groups()
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            problems.append(f"{name} is missing")
        else:
            if version and found != version:
                problems.append(f"{name} is {found}, wanted {version}")
    if problems:
        yield fail("packages", "; ".join(problems), "Run `make install`, which takes requirements.lock.")
    else:
        yield ok("packages", f"{count} as asked for")


def variables(_settings: Settings) -> Iterator[Finding]:
    """Whether a KWHOUSE_* variable is one that nobody reads: a misspelt one changes nothing, silently."""
    known = {f"KWHOUSE_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    # Case does not matter, as for the settings themselves.
    unknown = sorted(name for name in os.environ if name.upper().startswith("KWHOUSE_") and name.upper() not in known)
    for name in unknown:
        near = get_close_matches(name.upper(), known, n=1)
        mend = f"Did you mean {near[0]}?" if near else "Unset it; `docs/reference/settings.md` lists those there are."
        yield warn("settings", f"no setting is called {name}; it changes nothing", mend)
    if not unknown:
        yield ok("settings", "no unknown KWHOUSE_ variable")


def extensions(settings: Settings) -> Iterator[Finding]:
    import duckdb

    from warehouse.store.connection import connect

    try:
        connect(settings).close()
    except (duckdb.Error, ImportError) as error:
        first = str(error).splitlines()[0]
        yield fail("duckdb", f"{duckdb.__version__}: {first}", "Run `make install`: the extensions come as packages.")
    else:
        yield ok("duckdb", f"{duckdb.__version__} with its extensions")


def home(settings: Settings) -> Iterator[Finding]:
    folder = settings.home
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        yield fail(
            "home", f"{nearest} may not be written", "Set KWHOUSE_HOME to a folder of yours, or change its rights."
        )
    elif not folder.exists():
        yield warn("home", f"{folder} does not exist yet", "Nothing to do: the first command that writes makes it.")
    else:
        yield ok("home", str(folder))
    yield _free(nearest)


def _free(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{free / 2**30:.1f} GB free"
    if free < TOO_LITTLE_BYTES:
        return fail("disk", found, "Make room: the collector refuses frames that it cannot write down.")
    if free < SCARCE_BYTES:
        return warn("disk", found, "Make room, or move KWHOUSE_HOME to a larger disk.")
    return ok("disk", found)


def browser(_settings: Settings) -> Iterator[Finding]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        yield ok("chromium", found)
    else:
        yield warn("chromium", "not found; only the browser tests need it", "Install the system's package `chromium`.")


CHECKS = (python, packages, variables, extensions, home, browser)
