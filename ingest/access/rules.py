"""Whether somebody may charge: the decision table, in the order in which it is asked.

| asked | if so | status (OCPP 2.0.1 AuthorizationStatusEnumType) | reason |
| --- | --- | --- | --- |
| is no token wanted (2.x NoAuthorization: a button)? | yes | Accepted | no_authorization |
| is the token known? | no | Unknown, or Accepted where unknown ones are let in | unknown_token, unknown_token_let_in |
| is it blocked? | yes | Blocked | token_blocked |
| is it presented as another kind of token? | yes | Invalid | other_kind_of_token |
| is it pinned to a certificate that was not shown? | yes | Invalid | other_certificate |
| has it begun, has it ended? | not yet; yes | Invalid; Expired | token_not_yet_valid, token_expired |
| has its contract begun, has it ended? | not yet; yes | Invalid; Expired | contract_not_yet_valid, contract_ended |
| is token, group, contract or driver blocked by a rule? | yes | Blocked | blocked_by_rule |
| does a rule in force let each of them in? | none in force | Invalid | no_rule_in_force |
| … at this site? | no | NotAtThisLocation | not_at_this_site |
| … at this hour? | no | NotAtThisTime | not_at_this_hour |
| … with so many sessions going on? | no | ConcurrentTx | too_many_sessions |
| … with so much owed? | no | NoCredit | no_credit |
| otherwise | | Accepted | accepted |

Of several rules about one subject one that lets it in is enough; token, group, contract and driver must all be let in.
A subject without rules is not limited, but a prepaid contract without a limit of its own needs credit. How many
sessions go on is asked at a start only: ConcurrentTx is for its answer alone (1.6 section 7.2, 2.0.1 part 2 section
3.9). Who stops a session needs a token that is not refused for itself, whatever the place, the hour and the money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from ingest.access.known import AccessRule, Contract, Known, Place, Subject, Token
from ingest.ocpp.desk import Purpose, Status

NO_AUTHORIZATION: Final = "NoAuthorization"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NONE: Final = Decimal(0)


class Ask(NamedTuple):
    """Who wants what, where and when (microseconds since 1970)."""

    id_token: str
    station_id: str
    now: int
    purpose: Purpose = "authorize"
    kind: str | None = None  # OCPP 2.x IdTokenEnumType; None: OCPP 1.6, which knows none
    certificates: tuple[str, ...] = ()  # `certificate_key`s presented with it


class Decision(NamedTuple):
    """What was decided and why. `valid_until`: as long as that it will not be decided otherwise, None: no end known.

    `parent` is the token's group, `rule_id` the rule that decided, where one did.
    """

    status: Status
    reason: str
    valid_until: int | None = None
    parent: str | None = None
    rule_id: str | None = None


# How many sessions of a subject go on, without the one that is asked about.
GoingOn = Callable[[Subject], int]


class _No(Exception):
    """Refused: status, reason, rule."""


def decide(ask: Ask, known: Known, going_on: GoingOn, *, let_unknown_in: bool = False) -> Decision:
    """The decision on `ask`, by the table above."""
    if ask.kind == NO_AUTHORIZATION:
        return Decision("Accepted", "no_authorization")
    key = ask.id_token.casefold()
    token = known.tokens.get(key)
    if token is None:
        return Decision("Accepted", "unknown_token_let_in") if let_unknown_in else Decision("Unknown", "unknown_token")
    contract = known.contracts.get(token.contract_id) if token.contract_id is not None else None
    ends = [end for end in (token.valid_to, contract.valid_to if contract else None) if end is not None]
    try:
        _itself(ask, token, contract)
        rule_id = None
        if ask.purpose != "stop":
            for subject in known.subjects(key, token):
                rule, end = _let_in(ask, known, subject, contract, going_on)
                ends.extend([] if end is None else [end])
                rule_id = rule or rule_id
    except _No as no:
        status, reason, rule_id = no.args
        return Decision(status, reason, min(ends) if status == "Expired" else None, token.group, rule_id)
    return Decision("Accepted", "accepted", min(ends) if ends else None, token.group, rule_id)


def _itself(ask: Ask, token: Token, contract: Contract | None) -> None:
    """What stands against the token, whatever it is wanted for."""
    if token.blocked:
        raise _No("Blocked", "token_blocked", None)
    if token.kind is not None and ask.kind is not None and ask.kind != token.kind:
        raise _No("Invalid", "other_kind_of_token", None)
    # Only Authorize of 2.x shows certificates (C07.FR.02): what follows from it goes on without them.
    to_be_shown = ask.certificates or (ask.purpose == "authorize" and ask.kind is not None)
    if token.certificate is not None and token.certificate not in ask.certificates and to_be_shown:
        raise _No("Invalid", "other_certificate", None)
    _in_force(ask.now, token.valid_from, token.valid_to, "token_not_yet_valid", "token_expired")
    if contract is not None:
        _in_force(ask.now, contract.valid_from, contract.valid_to, "contract_not_yet_valid", "contract_ended")


def _in_force(now: int, begin: int | None, end: int | None, before: str, after: str) -> None:
    if begin is not None and now < begin:
        raise _No("Invalid", before, None)
    if end is not None and now >= end:
        raise _No("Expired", after, None)


def _let_in(
    ask: Ask, known: Known, subject: Subject, contract: Contract | None, going_on: GoingOn
) -> tuple[str | None, int | None]:
    """The rule that lets `subject` in (None: it has none) and until when. Raises `_No` where none does."""
    rules = known.rules.get(subject, ())
    current = [rule for rule in rules if _holds(rule, ask.now)]
    if blocking := next((rule for rule in current if rule.blocked), None):
        raise _No("Blocked", "blocked_by_rule", blocking.rule_id)
    if rules and all(rule.blocked for rule in rules):
        current = []
    elif rules and not current:
        raise _No("Invalid", "no_rule_in_force", rules[0].rule_id)
    if not current:
        if subject.kind == "contract" and contract is not None and contract.prepaid:
            _credit(contract, _NONE, None)
        return None, None
    furthest: tuple[int, _No] | None = None
    for rule in current:
        refused = next(_refusals(ask, known, subject, rule, contract, going_on), None)
        if refused is None:
            return rule.rule_id, _until(ask, known, rule)
        if furthest is None or refused[0] > furthest[0]:
            furthest = refused
    assert furthest is not None  # there is a rule, and it refused  # noqa: S101
    raise furthest[1]


def _holds(rule: AccessRule, now: int) -> bool:
    return (rule.valid_from is None or rule.valid_from <= now) and (rule.valid_to is None or now < rule.valid_to)


def _refusals(
    ask: Ask, known: Known, subject: Subject, rule: AccessRule, contract: Contract | None, going_on: GoingOn
) -> Iterator[tuple[int, _No]]:
    """Why one rule does not let in, with the number of the question: the furthest of several rules is told."""
    place = known.stations.get(ask.station_id)
    if rule.sites is not None and (place is None or place.site_id not in rule.sites):
        yield 1, _No("NotAtThisLocation", "not_at_this_site", rule.rule_id)
    if not _at_this_hour(rule, place, ask.now):
        yield 2, _No("NotAtThisTime", "not_at_this_hour", rule.rule_id)
    if ask.purpose == "start" and rule.most_sessions is not None and going_on(subject) >= rule.most_sessions:
        yield 3, _No("ConcurrentTx", "too_many_sessions", rule.rule_id)
    if contract is not None:
        limit = rule.credit_limit
        if limit is None and contract.prepaid and subject.kind == "contract":
            limit = _NONE
        if limit is not None:
            try:
                _credit(contract, limit, rule.rule_id)
            except _No as no:
                yield 4, no


def _credit(contract: Contract, limit: Decimal, rule_id: str | None) -> None:
    """Refuse where what is owed has reached the limit. On an account without movements nothing is owed."""
    if (contract.owed or _NONE) >= limit:
        raise _No("NoCredit", "no_credit", rule_id)


def _at_this_hour(rule: AccessRule, place: Place | None, now: int) -> bool:
    if rule.weekdays is None and rule.begins is None and rule.ends is None:
        return True
    if place is None:
        return False
    local = _local(now, place)
    if rule.weekdays is not None and local.weekday() not in rule.weekdays:
        return False
    return _within(rule, local)


def _within(rule: AccessRule, local: datetime) -> bool:
    begin, end, now = rule.begins, rule.ends, local.time()
    if end is not None and end == end.min:
        end = None
    if begin is not None and end is not None and end <= begin:
        return now >= begin or now < end
    return (begin is None or now >= begin) and (end is None or now < end)


def _until(ask: Ask, known: Known, rule: AccessRule) -> int | None:
    """How long `rule` goes on to let in: until it ends, or its hours do."""
    ends = [] if rule.valid_to is None else [rule.valid_to]
    place = known.stations.get(ask.station_id)
    if place is not None and (rule.weekdays is not None or rule.begins is not None or rule.ends is not None):
        ends.append(_window_end(rule, place, ask.now))
    return min(ends) if ends else None


def _window_end(rule: AccessRule, place: Place, now: int) -> int:
    """The end of the window round `now`: of its hours, or of the day where the days are limited or it goes so far."""
    local = _local(now, place)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) + timedelta(days=1)
    candidates = [midnight]
    if rule.ends is not None and rule.ends != rule.ends.min:
        today = local.replace(
            hour=rule.ends.hour, minute=rule.ends.minute, second=rule.ends.second, microsecond=0, fold=0
        )
        overnight = rule.begins is not None and rule.ends <= rule.begins
        if today > local:
            candidates = [today]
        elif overnight and rule.weekdays is None:
            candidates = [today + timedelta(days=1)]
    if rule.weekdays is not None:
        candidates.append(midnight)
    return (min(candidates).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _local(now: int, place: Place) -> datetime:
    return (_EPOCH + timedelta(microseconds=now)).astimezone(_zone(place.time_zone))


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
