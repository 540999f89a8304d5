"""Collect a session's story: who, where, when, energy, money, decisions, and the frames that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from warehouse import exact_json
from warehouse.readers import decisions, evidence, sessions
from warehouse.store import Lake
from warehouse.story.masking import masked, tokens_in

if TYPE_CHECKING:
    import polars as pl

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `role` in the session, `proves` kinds of faults, payload with tokens hidden.

    `told_at`: by the station's clock, where the frame tells a time.
    """

    collector_id: str
    seq: int
    role: str
    proves: tuple[str, ...]
    told_at: datetime | None
    received_at: datetime
    direction: str
    ocpp_version: str
    message_type: int
    action: str | None
    payload: str
    schema_error: str | None

    @property
    def name(self) -> str:
        """`collector:seq`, by which `raw.messages` finds it."""
        return f"{self.collector_id}:{self.seq}"


@dataclass(frozen=True, slots=True)
class Story:
    """Everything about one session as of one snapshot. Rows are those of the readers of the same name."""

    snapshot: int
    session: Row
    faults: tuple[Row, ...]
    decisions: tuple[Row, ...]
    cdrs: tuple[Row, ...]
    bills: tuple[Row, ...]
    records: tuple[Row, ...]
    frames: tuple[Frame, ...]

    @property
    def standing(self) -> Row | None:
        """The decision in force."""
        return next((row for row in self.decisions if row["in_force"] == "yes" and row["decision"] != "withdraw"), None)

    @property
    def lapsed(self) -> Row | None:
        """A release that later data have overtaken."""
        return next((row for row in self.decisions if row["in_force"] == "lapsed"), None)


def tell(lake: Lake, session_id: str, *, until: datetime | None = None) -> Story:
    """The story of the session with that id, which must be there. `until`: leave out later decisions."""
    session = sessions.one(lake, session_id).row(0, named=True)
    decided = decisions.listing(lake, session_id)
    if until is not None:
        decided = decided.filter(decided["decided_at"] <= until)
    return Story(
        lake.snapshot(),
        session,
        tuple({**row, "evidence": _facts(row["evidence"])} for row in _rows(evidence.faults(lake, session_id))),
        _rows(decided),
        _rows(evidence.cdrs(lake, session_id)),
        _rows(evidence.bills(lake, session_id)),
        _rows(evidence.records(lake, session_id)),
        frames(lake, session),
    )


def frames(lake: Lake, session: Row) -> tuple[Frame, ...]:
    """The session's frames with tokens hidden."""
    rows = evidence.frames(lake, session["session_id"]).rows(named=True)
    tokens = frozenset().union(*(tokens_in(row["payload"]) for row in rows))
    pseudonyms = evidence.pseudonyms(lake, tokens, session["id_token"])
    return tuple(
        Frame(**{**row, "proves": tuple(row["proves"]), "payload": masked(row["payload"], pseudonyms)}) for row in rows
    )


def _rows(found: pl.DataFrame) -> tuple[Row, ...]:
    return tuple(found.rows(named=True))


def _facts(text: str) -> Any:
    """Evidence without its list of frames, which stand in the story themselves."""
    try:
        facts = exact_json.loads(text)
    except ValueError:
        return {"evidence": text}
    return {name: fact for name, fact in facts.items() if name != "frames"} if isinstance(facts, dict) else facts
