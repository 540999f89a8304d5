"""Who may charge at a station whatever happens meanwhile: what a station may be told beforehand. Pure.

A station that decides by its own list asks nobody. So only those are on it whom nothing but time can stop: no rule on
hours, on how many sessions go on or on what is owed decides about them, and no certificate has to be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ingest.access.known import AccessRule, Known, Subject
from ingest.access.rules import Ask, decide


class Listed(NamedTuple):
    """A token that a station may let in by itself, until `valid_until` (microseconds since 1970; None: no end known).

    `kind`: IdTokenEnumType of 2.x.
    """

    id_token: str
    kind: str
    parent: str | None
    valid_until: int | None


def listed(tokens: Iterable[tuple[str, str]], known: Known, station_id: str, now: int) -> Iterator[Listed]:
    """Those of `tokens` (idToken, kind) that are always let in at `station_id`."""
    unlimited = Known(
        known.stations,
        known.tokens,
        known.contracts,
        {subject: tuple(map(_without_limits, rules)) for subject, rules in known.rules.items()},
    )
    for id_token, kind in tokens:
        token = known.tokens.get(id_token.casefold())
        if token is None or token.certificate is not None:
            continue
        contract = known.contracts.get(token.contract_id) if token.contract_id is not None else None
        if contract is not None and contract.prepaid:
            continue
        decision = decide(Ask(id_token, station_id, now), unlimited, _nobody)
        if decision.status == "Accepted":
            yield Listed(id_token, kind, decision.parent, decision.valid_until)


def _without_limits(rule: AccessRule) -> AccessRule:
    """The rule; one that lets in by hours, numbers or money as one that has run out: it lets nobody in."""
    asks = (rule.weekdays, rule.begins, rule.ends, rule.most_sessions, rule.credit_limit)
    return rule if rule.blocked or asks == (None,) * len(asks) else rule._replace(valid_from=None, valid_to=0)


def _nobody(_subject: Subject) -> int:
    return 0
