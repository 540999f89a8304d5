"""Which pages there are, and who is shown them."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse.people.roles import Permission, Principal


@dataclass(frozen=True, slots=True)
class Entry:
    """One page. `permission`: what it takes to see it. `whole`: it is about operators, so only for who sees all sites.

    `unused`: filters that it does not look at. `acts`: it works through the HTTP API and needs nothing of the lake, so
    it is there before the first session has come in.
    """

    group: str
    name: str
    title: str
    icon: str
    permission: Permission = Permission.READ_REPORTS
    whole: bool = False
    unused: frozenset[str] = frozenset()
    acts: bool = False


_NO_FILTER = frozenset({"site", "period"})
ENTRIES = (
    Entry("Analysts", "overview", "Overview", "monitoring"),
    Entry("Analysts", "utilization", "Utilization", "grid_on"),
    Entry("Analysts", "energy", "Energy", "bolt"),
    Entry("Finance", "revenue", "Revenue", "payments"),
    Entry("Finance", "invoices", "Invoices", "receipt_long", Permission.READ_BILLING, whole=True),
    Entry("Finance", "review", "Review", "fact_check"),
    Entry("Finance", "close", "Month close", "task_alt", Permission.READ_BILLING, whole=True, unused=_NO_FILTER),
    Entry("Finance", "extract", "Billing extract", "download"),
    Entry("Planners", "forecast", "Forecast", "trending_up", Permission.PLAN, unused=frozenset({"period"})),
    Entry("Operators", "control", "Control", "play_circle", Permission.OPERATE_STATIONS, whole=True, acts=True),
    Entry("Operators", "drivers", "Drivers and tokens", "badge", Permission.WRITE_ACCESS, whole=True, acts=True),
    Entry(
        "Operators",
        "stations",
        "Stations",
        "ev_station",
        Permission.READ_STATIONS,
        unused=frozenset({"period"}),
    ),
    Entry("Operators", "sessions", "Sessions", "list"),
    Entry("Operators", "session", "Session", "timeline", unused=_NO_FILTER),
    Entry("Operators", "quality", "Data quality", "rule", unused=_NO_FILTER),
)
UNUSED = {entry.name: entry.unused for entry in ENTRIES}
ACTING = frozenset(entry.name for entry in ENTRIES if entry.acts)


def shown_to(who: Principal) -> tuple[Entry, ...]:
    """The pages that `who` may see."""
    return tuple(
        entry for entry in ENTRIES if who.may(entry.permission) and not (entry.whole and who.sites is not None)
    )
