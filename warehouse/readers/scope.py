"""What part of the network a reader looks at: sites and local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Grain(StrEnum):
    """Length of one step on a time axis. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Scope:
    """Sites by id, and local days of each site's own time zone from `first` to `last`, both included."""

    sites: tuple[str, ...]
    first: date
    last: date

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def grain(self) -> Grain:
        """The step that gives a time axis between about 10 and 60 points."""
        if self.days <= 62:
            return Grain.DAY
        return Grain.WEEK if self.days <= 400 else Grain.MONTH

    @property
    def before(self) -> date:
        """First day of the equally long time right before this one."""
        return self.first - timedelta(days=self.days)

    def parameters(self) -> dict[str, object]:
        """The named parameters `$sites`, `$first` and `$last`."""
        return {"sites": list(self.sites), "first": self.first, "last": self.last}
