"""`kwhouse tariff check`: what is odd about tariffs before a driver finds it out. Pure: rows in, findings out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.billing.checking.assignments import check_assignments, check_places, check_versions
from pipelines.billing.checking.finding import LEVELS, Finding
from pipelines.billing.checking.tariffs import check_version
from pipelines.billing.checking.taxes import check_taxes

__all__ = ["LEVELS", "Finding", "check"]


def check(registry: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Finding]:
    """Findings on the rows of `tariffs` (JSON columns read by `exact_json`), `tariff_assignments`, `plans`, `sites`,
    `stations`, `connectors`, `operators` and `tax_rates`; what is missing is empty. The gravest come first."""
    tariffs, assignments = registry.get("tariffs", ()), registry.get("tariff_assignments", ())
    sites, stations, connectors = (registry.get(name, ()) for name in ("sites", "stations", "connectors"))
    zones = _zones(sites)
    found = [finding for row in tariffs for finding in check_version(row, zones)]
    found += check_taxes(registry)
    found += check_versions(tariffs)
    found += check_assignments(tariffs, assignments, stations)
    found += check_places(assignments, sites, stations, connectors)
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


def _zones(sites: Sequence[Mapping[str, Any]]) -> set[ZoneInfo]:
    """The zones of the sites; none where one is not a known zone, which the registry refuses."""
    try:
        return {ZoneInfo(site["time_zone"]) for site in sites}
    except (KeyError, ValueError, OSError):
        return set()
