"""The browser of the browser tests: Chromium from the system's packages. `python -m tests.system_chromium` gets it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MEND = (
    "Chromium is needed for the browser tests and could not be installed from the system's packages. "
    "Install it by hand (Debian, Ubuntu: sudo apt-get install chromium; Fedora: sudo dnf install chromium; "
    "macOS: brew install --cask chromium) or set KWHOUSE_TEST_CHROMIUM to its path, then run `make test` again."
)


def find() -> str | None:
    """Path of a Chromium on this machine: `KWHOUSE_TEST_CHROMIUM`, else the first found on PATH."""
    if chosen := os.environ.get("KWHOUSE_TEST_CHROMIUM"):
        return shutil.which(chosen)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> None:
    """Install it with apt-get, by sudo unless root. Raises `CalledProcessError` or `FileNotFoundError`."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        subprocess.run([*sudo, "apt-get", *arguments], check=True, env=quiet, stdout=subprocess.DEVNULL)


def main() -> int:
    """Print where Chromium is, installing it first where it is missing; 1 and the mend where that fails."""
    if found := find():
        print(f"Chromium: {found}")
        return 0
    print("Chromium is missing: installing it from the system's packages …", flush=True)
    try:
        install()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"{error}\n{MEND}", file=sys.stderr)
        return 1
    found = find()
    print(f"Chromium: {found}" if found else MEND, file=sys.stdout if found else sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    raise SystemExit(main())
