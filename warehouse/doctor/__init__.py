"""`kwhouse doctor`: what is set up, what is missing, and the mend. It looks and changes nothing.

`machine.py` looks at Python, packages and the data folder, `stored.py` at state and lake, `services.py` at what
runs. Each check yields findings; one that breaks is itself a finding, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from warehouse.doctor.finding import Diagnosis, Finding, Level, fail
from warehouse.settings import Settings

Check = Callable[[Settings], Iterable[Finding]]

__all__ = ["Diagnosis", "Finding", "Level", "examine"]


def examine(settings: Settings) -> Diagnosis:
    """Run all checks, the cheap ones first."""
    from warehouse.doctor import machine, services, stored

    checks: tuple[Check, ...] = (*machine.CHECKS, *stored.CHECKS, *services.CHECKS)
    return Diagnosis(tuple(finding for check in checks for finding in _careful(check, settings)))


def _careful(check: Check, settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except Exception as error:
        what = check.__name__.replace("_", " ")
        yield fail(what, f"{type(error).__name__}: {error}", "Report this: the check itself could not finish.")
