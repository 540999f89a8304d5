"""Who may charge at a station whatever happens meanwhile: what a station may be told beforehand. Pure.

A station that decides by its own list asks nobody. So only those are on it whom nothing but time can stop: no rule on
hours, on how many sessions go on or on what is owed decides about them, and no certificate has to be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ingest.access.known import AccessRule, Known, Subject, Token
from ingest.access.rules import Ask, Decision, decide


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
    rules = {subject: tuple(map(_without_limits, some)) for subject, some in known.rules.items()}
    # What group, contract and driver say is the same for all of their tokens: asked once, it spares most decisions.
    shared: dict[tuple[str | None, str | None], Decision] = {}
    for id_token, kind in tokens:
        key = id_token.casefold()
        token = known.tokens.get(key)
        if token is None or token.blocked or token.certificate is not None:
            continue
        theirs = (token.group, token.contract_id)
        decision = shared.get(theirs)
        if decision is None:
            decision = shared[theirs] = _for_all(theirs, known, rules, station_id, now)
        if decision.status != "Accepted":
            continue
        begun = token.valid_from is None or token.valid_from <= now
        if not begun or token.valid_to is not None or Subject("token", key) in rules:
            alone = Known(known.stations, {key: token}, known.contracts, rules)
            decision = decide(Ask(id_token, station_id, now), alone, _nobody)
        if decision.status == "Accepted":
            yield Listed(id_token, kind, decision.parent, decision.valid_until)


def _for_all(
    theirs: tuple[str | None, str | None],
    known: Known,
    rules: Mapping[Subject, tuple[AccessRule, ...]],
    station_id: str,
    now: int,
) -> Decision:
    """The decision on a token of this group and contract of which nothing else is said."""
    group, contract_id = theirs
    contract = known.contracts.get(contract_id) if contract_id is not None else None
    if contract is not None and contract.prepaid:
        return Decision("NoCredit", "no_credit")
    any_token = {"": Token(group=group, contract_id=contract_id)}
    return decide(Ask("", station_id, now), Known(known.stations, any_token, known.contracts, rules), _nobody)


def _without_limits(rule: AccessRule) -> AccessRule:
    """The rule; one that lets in by hours, numbers or money as one that has run out: it lets nobody in."""
    asks = (rule.weekdays, rule.begins, rule.ends, rule.most_sessions, rule.credit_limit)
    return rule if rule.blocked or asks == (None,) * len(asks) else rule._replace(valid_from=None, valid_to=0)


def _nobody(_subject: Subject) -> int:
    return 0
