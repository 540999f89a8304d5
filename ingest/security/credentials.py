"""Setting how a station proves itself; only hashes of passwords are kept. Each change stands in `registry.changes`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ingest.ocpp.calling import Impossible
from ingest.security.passwords import LONGEST, SHORTEST, hashed
from warehouse.contract.access import STATION_CREDENTIALS
from warehouse.errors import InputError, StationUnknown
from warehouse.registry import changes
from warehouse.registry.changes import Author

if TYPE_CHECKING:
    import sqlalchemy as sa


class PasswordRefused(InputError):
    """A password that OCPP does not allow."""

    def __init__(self) -> None:
        super().__init__(f"A station's password has {SHORTEST} to {LONGEST} printable ASCII characters.")


class NotSettled(Impossible):
    """The newest password was set while the station was connected, and it has not used it yet."""

    def __init__(self, station_id: str) -> None:
        super().__init__(
            f"{station_id} has not connected since its password was set: it may hold either. Wait until it has, or set "
            "one by hand: `kwhouse station password`."
        )
        self.station_id = station_id


class Offer(NamedTuple):
    """A new password's hash for a station that is connected since `connected_at` with the password of `used`."""

    station_id: str
    phc: str
    used: str | None
    connected_at: datetime


Row = dict[str, Any]


def set_password(engine: sa.Engine, station_id: str, password: str, author: Author, now: datetime) -> int:
    """Keep the hash of `password`; gives the security profile, 1 at least.

    Raises `StationUnknown`, `PasswordRefused`.
    """
    if not (SHORTEST <= len(password) <= LONGEST and password.isascii() and password.isprintable()):
        raise PasswordRefused
    phc = hashed(password)

    def change(before: Row) -> Row:
        profile = max(1, before["security_profile"])
        return {"security_profile": profile, "password_hash": phc, "previous_hash": before["password_hash"]}

    return int(_set(engine, station_id, change, author, now)[1]["security_profile"])


def set_profile(engine: sa.Engine, station_id: str, profile: int, author: Author, now: datetime) -> None:
    """Keep the security profile of a station. Raises `StationUnknown`."""
    _set(engine, station_id, lambda _before: {"security_profile": profile}, author, now)


def offer(engine: sa.Engine, given: Offer, author: Author, now: datetime) -> Row:
    """Let the station in with a password that it is about to be told, beside the one that it uses; the row before.

    Raises `StationUnknown`, `NotSettled`.
    """

    def change(before: Row) -> Row:
        newest = before["password_hash"]
        if newest is not None and newest != given.used and before["set_at"] > given.connected_at:
            raise NotSettled(given.station_id)
        return {"password_hash": given.phc, "previous_hash": given.used or newest}

    return _set(engine, given.station_id, change, author, now)[0]


def taken(engine: sa.Engine, station_id: str, phc: str, author: Author, now: datetime) -> None:
    """The station has taken the password that it was offered: from now on it has to give one."""

    def change(before: Row) -> Row:
        return {"security_profile": max(1, before["security_profile"])} if before["password_hash"] == phc else {}

    _set(engine, station_id, change, author, now)


def take_back(engine: sa.Engine, row: Row, phc: str, author: Author, now: datetime) -> None:
    """The station has refused the password that it was offered: what was good before is good again."""

    def change(before: Row) -> Row:
        kept = {name: row[name] for name in ("password_hash", "previous_hash")}
        return kept if before["password_hash"] == phc else {}

    _set(engine, row["station_id"], change, author, now)


def settled(engine: sa.Engine, station_id: str, phc: str, now: datetime) -> None:
    """The station has connected with its newest password: the one before is good no more."""

    def change(before: Row) -> Row:
        return {"previous_hash": None} if before["password_hash"] == phc else {}

    _set(engine, station_id, change, Author("kwhouse", "connected with the new password"), now)


def _set(
    engine: sa.Engine, station_id: str, change: Callable[[Row], Row], author: Author, now: datetime
) -> tuple[Row, Row]:
    """The row before and after; what changes nothing leaves it as it is."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows, stations = table("access", "station_credentials"), table("registry", "stations")
    with engine.begin() as connection:
        changes.lock(connection)
        if (
            connection.execute(sa.select(stations.c.station_id).where(stations.c.station_id == station_id)).first()
            is None
        ):
            raise StationUnknown(station_id)
        found = connection.execute(sa.select(rows).where(rows.c.station_id == station_id)).mappings().first()
        nothing = {"security_profile": 0, "password_hash": None, "previous_hash": None}
        before: Row = {"station_id": station_id, **nothing} if found is None else dict(found)
        changed = change(before)
        if changed.items() <= before.items():
            return before, before
        row = {**before, **changed, "set_at": now, "set_by": author.name}
        connection.execute(sa.delete(rows).where(rows.c.station_id == station_id))
        connection.execute(sa.insert(rows), row)
        changes.record(connection, STATION_CREDENTIALS, [(None if found is None else before, row)], author)
    return before, row
