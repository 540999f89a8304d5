"""Setting how a station proves itself. Only hashes of passwords are kept, and each change goes to the audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from ingest.ocpp.calling import Impossible
from ingest.security.passwords import LONGEST, SHORTEST, hashed
from warehouse.contract.access import STATION_CREDENTIALS
from warehouse.errors import InputError
from warehouse.registry import changes
from warehouse.registry.changes import Author

if TYPE_CHECKING:
    import sqlalchemy as sa


class StationUnknown(InputError):
    """The registry does not know the station."""

    def __init__(self, station_id: str) -> None:
        super().__init__(f"The registry does not know station {station_id}. `kwhouse station accept` takes it in.")
        self.station_id = station_id


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


def set_password(engine: sa.Engine, station_id: str, password: str, author: Author) -> int:
    """Keep the hash of `password`; gives the security profile, 1 at least.

    Raises `StationUnknown`, `PasswordRefused`.
    """
    if not (SHORTEST <= len(password) <= LONGEST and password.isascii() and password.isprintable()):
        raise PasswordRefused
    phc = hashed(password)

    def change(before: Row) -> Row:
        profile = max(1, before["security_profile"])
        return {"security_profile": profile, "password_hash": phc, "previous_hash": before["password_hash"]}

    return int(_set(engine, station_id, change, author)[1]["security_profile"])


def set_profile(engine: sa.Engine, station_id: str, profile: int, author: Author) -> None:
    """Keep the security profile of a station. Raises `StationUnknown`."""
    _set(engine, station_id, lambda _before: {"security_profile": profile}, author)


def offer(engine: sa.Engine, given: Offer, author: Author) -> Row:
    """Let the station in with a password that it is about to be told, beside the one that it uses; the row before.

    Raises `StationUnknown`, `NotSettled`.
    """

    def change(before: Row) -> Row:
        newest = before["password_hash"]
        if newest is not None and newest != given.used and before["set_at"] > given.connected_at:
            raise NotSettled(given.station_id)
        return {"password_hash": given.phc, "previous_hash": given.used or newest}

    return _set(engine, given.station_id, change, author)[0]


def taken(engine: sa.Engine, station_id: str, phc: str, author: Author) -> None:
    """The station has taken the password that it was offered: from now on it has to give one."""

    def change(before: Row) -> Row:
        return {"security_profile": max(1, before["security_profile"])} if before["password_hash"] == phc else {}

    _set(engine, station_id, change, author)


def take_back(engine: sa.Engine, row: Row, phc: str, author: Author) -> None:
    """The station has refused the password that it was offered: what was good before is good again."""

    def change(before: Row) -> Row:
        kept = {name: row[name] for name in ("password_hash", "previous_hash")}
        return kept if before["password_hash"] == phc else {}

    _set(engine, row["station_id"], change, author)


def settled(engine: sa.Engine, station_id: str, phc: str) -> None:
    """The station has connected with its newest password: the one before is good no more."""

    def change(before: Row) -> Row:
        return {"previous_hash": None} if before["password_hash"] == phc else {}

    _set(engine, station_id, change, Author("kwhouse", "connected with the new password"))


def _set(engine: sa.Engine, station_id: str, change: Callable[[Row], Row], author: Author) -> tuple[Row, Row]:
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
        nothing = {"security_profile": 0, "password_hash": None, "previous_hash": None, "times_set": 0}
        before: Row = {"station_id": station_id, **nothing} if found is None else dict(found)
        changed = change(before)
        if changed.items() <= before.items():
            return before, before
        marks = {"times_set": before["times_set"] + 1, "set_at": datetime.now(UTC), "set_by": author.name}
        row = {**before, **changed, **marks}
        connection.execute(sa.delete(rows).where(rows.c.station_id == station_id))
        connection.execute(sa.insert(rows), row)
        told = (None if found is None else _told(before), _told(row))
        changes.record(connection, STATION_CREDENTIALS, [told], author)
    return before, row


def _told(row: Row) -> Row:
    """A row as the audit keeps it: of a secret only whether there is one."""
    secret = {column.name for column in STATION_CREDENTIALS.columns if column.secret}
    return {name: (value is not None) if name in secret else value for name, value in row.items()}
