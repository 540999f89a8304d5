"""What a check found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do; empty where nothing is to be done.

    fail: a command cannot work as it is. warn: something is missing, or not as usual.
    """

    level: Level
    what: str
    found: str
    mend: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.what:<16}  {self.found}"
        return f"{line}\n{'':<24}→ {self.mend}" if self.mend else line


def ok(what: str, found: str) -> Finding:
    return Finding("ok", what, found)


def warn(what: str, found: str, mend: str) -> Finding:
    return Finding("warn", what, found, mend)


def fail(what: str, found: str, mend: str) -> Finding:
    return Finding("fail", what, found, mend)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings. As JSON: {"findings": [{"level", "what", "found", "mend"}, …]}."""

    findings: tuple[Finding, ...]

    @property
    def exit_status(self) -> int:
        """1 where something fails, else 0."""
        return 1 if any(finding.level == "fail" for finding in self.findings) else 0

    def __str__(self) -> str:
        counts = Counter(finding.level for finding in self.findings)
        summary = f"{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} to mend"
        return "\n".join([*map(str, self.findings), summary])
