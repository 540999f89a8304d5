"""What would be decided, asked beside the collectors: by the registry and by what they tell of sessions that go on."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.access.directory import known_for
from ingest.access.known import Subject
from ingest.access.rules import Ask, Decision, decide
from ingest.access.sharing import SharedSessions
from ingest.clock import microseconds

if TYPE_CHECKING:
    import sqlalchemy as sa


def would_be_decided(
    engine: sa.Engine, id_token: str, station_id: str, moment: datetime, ocpp_type: str | None = None
) -> tuple[Decision, str]:
    """The decision on a start at `station_id` at `moment`, and a few words on the rule that decided ("" for none)."""
    known = known_for(engine, id_token)
    told = SharedSessions(engine, "").told()
    going_on: Counter[Subject] = Counter()
    for going in (*told.here.values(), *told.elsewhere.values()):
        going_on.update(going.subjects)
    now = microseconds(moment.isoformat()) or 0
    decision = decide(Ask(id_token, station_id, now, "start", ocpp_type), known, going_on.__getitem__)
    return decision, f" (rule {decision.rule_id})" if decision.rule_id else ""
