"""What stands on local authorization lists, and the messages that bring a station's list from one state to another."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ingest.access.known import Known
from ingest.access.offline import Listed, listed
from ingest.clock import iso
from ingest.ocpp.calling import Impossible
from ingest.ocpp.calls_v2 import LONGEST_TOKEN
from ingest.ocpp.calls_v16 import LONGEST_TAG
from ingest.remote.token_kinds import kind_of
from warehouse import exact_json

if TYPE_CHECKING:
    import sqlalchemy as sa

Contents = Mapping[str, Mapping[str, Any]]
"""Entries by idToken: `id_token`, `token_type` (IdTokenEnumType), where known `parent` and `valid_until` (ISO 8601)."""

MOST_TOKENS: Final = 20_000
_ANEW_SECONDS: Final = 60.0  # validity begins and ends by itself
_RESTS: Final = (
    20  # for each second of work so many without: a large registry that changes all the time is no full load
)
_BLOCKS_AT_ONCE: Final = 500
# Nobody holds an app, or a code of one day, before a station.
_NOT_PRESENTED: Final = ("APP_USER", "AD_HOC_USER")


class TooManyTokens(Impossible):
    """More tokens may charge than a station can be told."""

    def __init__(self, site_id: str) -> None:
        super().__init__(
            f"More than {MOST_TOKENS} tokens may always charge at {site_id}: that is no list for a station. Switch its "
            "local list off, or let only those in by rules who have to be."
        )
        self.site_id = site_id


class Lists:
    """Contents by site, computed when the registry has changed, and now and then. Called in a thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._known: Known | None = None
        self._begun_at = 0.0
        self._worked_seconds = 0.0
        self._tokens: list[tuple[str, str]] = []
        self._by_site: dict[str, tuple[Listed, ...]] = {}
        self._block: tuple[Known | None, int] = (None, 0)
        self._blocks_seen = 0

    def wanted(self, known: Known, station_id: str, version: str) -> Contents:
        """What is to stand on the list of a station of this OCPP version. Raises `TooManyTokens`."""
        place = known.stations.get(station_id)
        if place is None:
            return {}
        age = time.monotonic() - self._begun_at
        if age > (_ANEW_SECONDS if known is self._known else 0) and age > self._worked_seconds * _RESTS:
            self._begin(known)
        found = self._by_site.get(place.site_id)
        if found is None:
            begun = time.monotonic()
            found = self._by_site[place.site_id] = self._listed(known, station_id, place.site_id)
            self._worked_seconds += time.monotonic() - begun
        longest = LONGEST_TAG if version == "1.6" else LONGEST_TOKEN
        return {one.id_token: _entry(one) for one in found if len(one.id_token) <= longest}

    def _begin(self, known: Known) -> None:
        """Forget what was computed, and read the tokens."""
        self._begun_at = begun = time.monotonic()
        self._known, self._by_site, self._tokens = known, {}, self._read_tokens()
        self._worked_seconds = time.monotonic() - begun

    def _listed(self, known: Known, station_id: str, site_id: str) -> tuple[Listed, ...]:
        found = []
        for one in listed(self._tokens, known, station_id, time.time_ns() // 1000):
            found.append(one)
            if len(found) > MOST_TOKENS:
                raise TooManyTokens(site_id)
        return tuple(found)

    def _read_tokens(self) -> list[tuple[str, str]]:
        """Tokens as the registry spells them, with the kind that stations of 2.x know them as."""
        import sqlalchemy as sa

        from warehouse.state import table

        rows = table("registry", "tokens")
        query = sa.select(rows.c.id_token, rows.c.token_type, rows.c.ocpp_type).where(_is_presented(rows))
        with self._engine.connect() as connection:
            return [(token, kind_of(kind, ocpp)) for token, kind, ocpp in connection.execute(query)]

    def newest_block(self, known: Known) -> int:
        """Number of the newest change of the registry that blocked or removed a token; 0: there is none.

        Tokens that nobody presents at a station count for nothing: each charge of a guest blocks one at its end.
        """
        if known is not self._block[0]:
            self._block = (known, max(self._block[1], self._read_newest_block()))
        return self._block[1]

    def _read_newest_block(self) -> int:
        """The newest block since the last look; 0: there is none."""
        import sqlalchemy as sa

        from warehouse.state import table

        rows = table("registry", "changes")
        blocked_token = sa.or_(rows.c.change == "removed", rows.c.after.contains('"status":"blocked"'))
        blocked_by_rule = rows.c.after.contains('"blocked":true')
        blocks = sa.or_(
            sa.and_(rows.c.table_name == "tokens", blocked_token),
            sa.and_(rows.c.table_name == "access_rules", blocked_by_rule),
        )
        query = sa.select(rows).where(blocks, rows.c.change_id > self._blocks_seen).order_by(rows.c.change_id.desc())
        with self._engine.connect() as connection:
            found = connection.execution_options(yield_per=_BLOCKS_AT_ONCE).execute(query)
            newest = seen = 0
            for part in found.partitions():
                seen = max(seen, part[0].change_id)
                newest = _newest_presented(connection, part)
                if newest:
                    break
        self._blocks_seen = max(self._blocks_seen, seen)
        return newest


def _newest_presented(connection: sa.Connection, blocks: Sequence[sa.Row[Any]]) -> int:
    """The first of `blocks` (the newest comes first) that is about what is presented at stations; 0: none is."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("registry", "tokens")
    ids = [_token_of(one) for one in blocks if one.table_name == "tokens"]
    query = sa.select(rows.c.id_token).where(rows.c.id_token.in_(ids), _is_presented(rows))
    presented = set(connection.execute(query).scalars())
    for one in blocks:
        if one.table_name != "tokens":
            return int(one.change_id)
        if one.change == "removed":
            before: Any = exact_json.loads(one.before)
            if before.get("token_type") not in _NOT_PRESENTED or before.get("ocpp_type") is not None:
                return int(one.change_id)
        elif _token_of(one) in presented:  # of one that was removed since, the removal has been looked at
            return int(one.change_id)
    return 0


def _is_presented(rows: sa.Table) -> sa.ColumnElement[bool]:
    import sqlalchemy as sa

    return sa.or_(rows.c.token_type.not_in(_NOT_PRESENTED), rows.c.ocpp_type.is_not(None))


def _token_of(change: sa.Row[Any]) -> str:
    key: Any = exact_json.loads(change.row_key)
    return str(key[0])


def content_hash(contents: Contents) -> str:
    """The same for the same contents."""
    text = exact_json.dumps([dict(contents[key]) for key in sorted(contents)])
    return hashlib.sha256(text.encode()).hexdigest()


def messages(held: Contents | None, wanted: Contents, version: int, at_once: int) -> list[dict[str, Any]]:
    """Arguments of the SendLocalList calls that make `wanted` of `held` (None: of whatever the station holds).

    `version` is that of the list before; each call counts one further. A full list that is too long for one call is
    begun by a full one and gone on with by differential ones.
    """
    if held is None:
        entries = [dict(wanted[key]) for key in sorted(wanted)]
    else:
        removed = [{**_name(held[key]), "removed": True} for key in sorted(held.keys() - wanted.keys())]
        entries = removed + [dict(wanted[key]) for key in sorted(wanted) if wanted[key] != held.get(key)]
    parts = [entries[begin : begin + at_once] for begin in range(0, len(entries), at_once)] or [[]]
    return [
        {"list_version": version + number, "full": held is None and number == 1, "entries": part}
        for number, part in enumerate(parts, start=1)
    ]


def _entry(one: Listed) -> dict[str, Any]:
    until = None if one.valid_until is None else iso(one.valid_until)
    entry = {"id_token": one.id_token, "token_type": one.kind, "parent": one.parent, "valid_until": until}
    return {name: value for name, value in entry.items() if value is not None}


def _name(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("id_token", "token_type")}
