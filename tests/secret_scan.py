"""`python -m tests.secret_scan`: no keys, passwords, machines' paths or registry addresses in tracked files.

Prints file:line and the kind of what was found, never the thing itself, and exits with 1.
A line that must hold such a text (a test of this scan) says `secret-scan: allow`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALLOW = "secret-scan: allow"
LARGEST_BYTES = 5_000_000

KINDS: dict[str, re.Pattern[str]] = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "Stripe key": re.compile(r"\b(?:sk|rk)_live_[0-9A-Za-z]{10,}|\bwhsec_[0-9A-Za-z]{24,}"),
    "GitHub token": re.compile(r"\bgh[pousr]_[0-9A-Za-z]{36}\b|\bgithub_pat_[0-9A-Za-z_]{40,}"),
    "Slack token": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"),
    "API key": re.compile(r"\bkwh_[0-9a-f]{12}_[0-9a-f]{64}\b"),
    "password in an address": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"'{}<>$]+:(?!\*+@)[^\s/@\"'{}<>$]+@"),
    "secret written out": re.compile(
        r"(?i)\b[\w-]*(?:password|passwd|secret|api[_-]?key|access[_-]?token)\b[\"']?\s*[:=]\s*[\"'][^\s\"'{}$<>]{12,}[\"']"
    ),
    "package registry's address": re.compile(
        r"(?i)--(?:extra-)?index-url\b|\b(?:pypi\.org/simple|files\.pythonhosted\.org|registry\.npmjs\.org)\b"
        r"|https?://[\w.:-]*(?:artifactory|nexus|devpi|pypi[-.]proxy|pypi[-.]mirror)[\w.:/-]*"
    ),
    "path of a machine": re.compile(
        r"(?<![\w.$}/])/(?:home|Users)/[A-Za-z][\w.-]*/|(?<![\w.$}/])/(?:root|work|mnt)/[\w.-]+"
    ),
    "private address": re.compile(
        r"\b(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}):\d+"
    ),
}


@dataclass(frozen=True, slots=True)
class Leak:
    """What kind of thing stands where."""

    file: str
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}"


def leaks_in(file: str, text: str) -> Iterator[Leak]:
    """Everything in `text` that should not be there."""
    for number, line in enumerate(text.splitlines(), start=1):
        if ALLOW in line:
            continue
        for kind, pattern in KINDS.items():
            if pattern.search(line):
                yield Leak(file, number, kind)


def tracked_files(root: Path) -> Iterable[Path]:
    """All files that git tracks, or would track on `git add`."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [root / name for name in listing.split("\0") if name]


def scan(root: Path) -> list[Leak]:
    """All leaks in the text files of `root`. Pictures and other files with NUL bytes are passed over."""
    found: list[Leak] = []
    for path in tracked_files(root):
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            continue
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            found.extend(leaks_in(str(path.relative_to(root)), content.decode("utf-8", errors="replace")))
    return found


def main() -> int:
    found = scan(ROOT)
    for leak in found:
        print(leak)
    if found:
        print(f"{len(found)} places to mend: take the text out, and change the secret if it was ever pushed.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
