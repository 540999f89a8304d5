"""What is odd about when tariffs hold and where: versions, assignments, places without a price.

The rules are those of the engine (see `candidates.sql`): of the assignments that fit, the one that names the most
particular things wins; two that name the same things with the same values are equally particular; of the versions
in force the greatest holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from pipelines.billing.checking.finding import Finding
from pipelines.billing.checking.spans import EVER, NEVER, Span, shared, span_of, told_span, without
from pipelines.billing.checking.words import joined, moment

Row = Mapping[str, Any]
_NAMED = ("contract_id", "token_group", "connector_id", "evse_id", "station_id", "site_id")
_PLACES = ("site_id", "station_id", "evse_id", "connector_id")


def check_versions(tariffs: Sequence[Row]) -> Iterator[Finding]:
    """Versions of one tariff that hold at the same time, and those that are never in force."""
    for tariff_id, versions in _grouped(tariffs, "tariff_id").items():
        ordered = sorted(versions, key=lambda row: int(row["version"]))
        for number, row in enumerate(ordered):
            version, span = int(row["version"]), span_of(row)
            place = f"tariff {tariff_id} version {version}"
            greater = [other for other in ordered[number + 1 :] if shared(span, span_of(other))]
            if span[0] >= span[1]:
                words = f"It ends at {moment(span[1])}, before it begins."
                yield Finding("error", "backward", place, words, "Mend valid_to.", tariff_id, version)
            elif not list(without(span, map(span_of, greater))):
                names = joined([str(other["version"]) for other in greater])
                words = f"It is never in force: version {names} holds all that time."
                yield Finding(
                    "warning", "never_in_force", place, words, "Mend valid_from, or leave it out.", tariff_id, version
                )
            else:
                yield from (_overlap(tariff_id, row, other) for other in greater)


def _overlap(tariff_id: str, row: Row, greater: Row) -> Finding:
    version, other = int(row["version"]), int(greater["version"])
    both = shared(span_of(row), span_of(greater))
    assert both is not None  # noqa: S101 - asked for those that overlap
    words = f"Version {other} is in force as well {told_span(both)}: the greater version holds."
    place = f"tariff {tariff_id} version {version}"
    if both[1] == span_of(row)[1]:
        mend = f"Nothing, or end it with valid_to {both[0].isoformat()}."
        return Finding("note", "overlap", place, words, mend, tariff_id, version)
    words += f" After that version {version} holds again."
    mend = f"End it with valid_to {both[0].isoformat()} if that is not meant."
    return Finding("warning", "overlap", place, words, mend, tariff_id, version)


def check_assignments(tariffs: Sequence[Row], assignments: Sequence[Row], stations: Sequence[Row]) -> Iterator[Finding]:
    """Rules that contradict each other, or name a tariff that has no version in force, or a place that is none."""
    sites = {row["station_id"]: row["site_id"] for row in stations}
    versions = {name: [span_of(row) for row in rows] for name, rows in _grouped(tariffs, "tariff_id").items()}
    for rule in assignments:
        place = f"assignment {rule['assignment_id']}"
        span, station = span_of(rule), rule.get("station_id")
        if span[0] >= span[1]:
            yield Finding("error", "backward", place, "It ends before it begins.", "Mend valid_to.")
        elif rule["tariff_id"] not in versions:
            words = f"There is no tariff {rule['tariff_id']}."
            yield Finding("error", "no_tariff", place, words, "Declare it, or mend the rule.", rule["tariff_id"])
        elif missing := list(without(span, versions[rule["tariff_id"]])):
            words = f"Tariff {rule['tariff_id']} has no version in force {joined([told_span(one) for one in missing])}."
            mend = "Sessions of that time have no price: mend valid_from, or declare a version."
            yield Finding("error", "no_version", place, words, mend, rule["tariff_id"])
        if station in sites and rule.get("site_id") not in (None, sites[station]):
            words = f"Station {station} stands at site {sites[station]}, not {rule['site_id']}: it never fits."
            yield Finding("error", "nowhere", place, words, "Leave site_id out, or mend it.", rule["tariff_id"])
    yield from _equally_particular(assignments)


def _equally_particular(assignments: Sequence[Row]) -> Iterator[Finding]:
    by_place: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for rule in assignments:
        by_place[tuple(rule.get(name) for name in _NAMED)].append(rule)
    for rules in by_place.values():
        for one, other in combinations(sorted(rules, key=lambda rule: str(rule["assignment_id"])), 2):
            both = shared(span_of(one), span_of(other))
            if both is None:
                continue
            place = f"assignments {one['assignment_id']} and {other['assignment_id']}"
            if one["tariff_id"] == other["tariff_id"]:
                words = f"Both say the same {told_span(both)}: {_where(one)}, tariff {one['tariff_id']}."
                yield Finding("note", "repeated", place, words, "Leave one out.", one["tariff_id"])
                continue
            words = (
                f"Equally particular, {_where(one)}, and they name different tariffs {told_span(both)}: "
                f"{one['tariff_id']} and {other['tariff_id']}."
            )
            mend = "Sessions of that time have no price: end one with valid_to, or make it more particular."
            yield Finding("error", "ambiguous", place, words, mend)


def check_places(
    assignments: Sequence[Row], sites: Sequence[Row], stations: Sequence[Row], connectors: Sequence[Row]
) -> Iterator[Finding]:
    """Places where, for some time in service, no rule for everybody holds, told of as a whole where all of one lacks
    the same."""
    general = [rule for rule in assignments if rule.get("token_group") is None and rule.get("contract_id") is None]
    by_station, by_site = _grouped(connectors, "station_id"), _grouped(stations, "site_id")
    for site in sites:
        found: dict[str, list[tuple[str, tuple[Span, ...], bool]]] = {}
        for station in by_site.get(site["site_id"], ()):
            place = {"site_id": site["site_id"], "station_id": station["station_id"]}
            parts = by_station.get(station["station_id"]) or [{}]
            found[station["station_id"]] = [_lacking({**place, **part}, general) for part in parts]
        if not found:
            found[""] = [_lacking({"site_id": site["site_id"]}, general)]
        yield from _told_of(str(site["site_id"]), found)


def _lacking(place: Row, general: Sequence[Row]) -> tuple[str, tuple[Span, ...], bool]:
    fitting = [span_of(rule) for rule in general if all(rule.get(name) in (None, place.get(name)) for name in _PLACES)]
    service = (place.get("in_service_from") or EVER, place.get("in_service_to") or NEVER)
    name = f"connector {place['connector_id']} of EVSE {place['evse_id']}" if "connector_id" in place else ""
    lacking = tuple(without(service, fitting))
    return name, lacking, lacking == (service,)


def _told_of(site: str, found: Mapping[str, Sequence[tuple[str, tuple[Span, ...], bool]]]) -> Iterator[Finding]:
    all_of_it = {(lacking, whole) for parts in found.values() for _, lacking, whole in parts}
    if len(all_of_it) == 1 or all(whole for _, whole in all_of_it):
        yield from _lack(f"site {site}", *next(iter(sorted(all_of_it))))
        return
    for station, parts in found.items():
        here = {(lacking, whole) for _, lacking, whole in parts}
        if len(here) == 1 or all(whole for _, whole in here):
            yield from _lack(f"station {station}", *next(iter(sorted(here))))
            continue
        for name, lacking, whole in parts:
            yield from _lack(f"{name} of station {station}", lacking, whole)


def _lack(place: str, lacking: tuple[Span, ...], whole: bool) -> Iterator[Finding]:
    if not lacking:
        return
    mend = "Sessions of that time have no price but by contract or group: assign a tariff, or mend valid_from."
    if whole:
        yield Finding("error", "unassigned", place, "No tariff is assigned for everybody.", mend)
        return
    when = joined([told_span(span) for span in lacking])
    yield Finding("warning", "unassigned", place, f"No tariff is assigned for everybody {when}.", mend)


def _where(rule: Row) -> str:
    named = [f"{name} {rule[name]}" for name in reversed(_NAMED) if rule.get(name) is not None]
    return joined(named) or "everywhere and for everybody"


def _grouped(rows: Iterable[Row], name: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found
