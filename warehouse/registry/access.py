"""What must hold in a rule of access: one subject, sites that exist, days and times that can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from warehouse import exact_json
from warehouse.contract.access import DAYS_OF_WEEK
from warehouse.errors import Problem
from warehouse.registry.records import Record

SUBJECTS = ("id_token", "token_group", "contract_id", "driver_id")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def problems_of(rules: Sequence[Record], sites: Sequence[Record]) -> Iterator[Problem]:
    """Everything wrong with `rules`."""
    known: set[object] = {site.get("site_id") for site in sites}
    for rule in rules:
        given = [name for name in SUBJECTS if rule.get(name) is not None]
        if len(given) != 1 and all(name in rule.values for name in SUBJECTS):
            told = " and ".join(given) if given else "none"
            yield rule.problem(given[-1] if given else None, f"a rule names one of {', '.join(SUBJECTS)}, not {told}")
        for name in ("start_time", "end_time"):
            text = rule.get(name)
            if isinstance(text, str) and not _TIME.fullmatch(text):
                yield rule.problem(name, f"{text!r} must be a time of day such as 07:30")
        yield from _listed(rule, "day_of_week", set(DAYS_OF_WEEK), "one of " + ", ".join(DAYS_OF_WEEK))
        yield from _listed(rule, "site_ids", known, "a site of the registry")
        for name in ("most_sessions", "credit_limit"):
            value = rule.get(name)
            if value is not None and not isinstance(value, str) and value < 0:  # type: ignore[operator]
                yield rule.problem(name, f"{value} must not be negative")


def _listed(rule: Record, name: str, allowed: set[object], what: str) -> Iterator[Problem]:
    text = rule.get(name)
    if not isinstance(text, str):
        return
    found = exact_json.loads(text)
    if not isinstance(found, list) or not found:
        yield rule.problem(name, "must be a list with one entry at least; leave it out where nothing is limited")
        return
    for number, entry in enumerate(found):
        if not isinstance(entry, str) or entry not in allowed:
            yield rule.problem(name, f"{entry!r} is not {what}", (number,))
