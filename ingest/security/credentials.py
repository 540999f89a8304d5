"""Setting how a station proves itself; only hashes of passwords are kept. Each change stands in `registry.changes`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingest.security.passwords import LONGEST, SHORTEST, hashed
from warehouse.errors import InputError, StationUnknown
from warehouse.registry.changes import Author

if TYPE_CHECKING:
    import sqlalchemy as sa


class PasswordRefused(InputError):
    """A password that OCPP does not allow."""

    def __init__(self) -> None:
        super().__init__(f"A station's password has {SHORTEST} to {LONGEST} printable ASCII characters.")


def set_password(
    engine: sa.Engine, station_id: str, password: str, by: str, now: datetime, source: str = "station password"
) -> int:
    """Keep the hash of `password`; gives the security profile, 1 at least.

    Raises `StationUnknown`, `PasswordRefused`.
    """
    if not (SHORTEST <= len(password) <= LONGEST and password.isascii() and password.isprintable()):
        raise PasswordRefused
    phc = hashed(password)

    def change(before: dict[str, Any]) -> dict[str, Any]:
        profile = max(1, before["security_profile"])
        return {"security_profile": profile, "password_hash": phc, "previous_hash": before["password_hash"]}

    return int(_set(engine, station_id, change, Author(by, source), now)["security_profile"])


def set_profile(engine: sa.Engine, station_id: str, profile: int, by: str, now: datetime) -> None:
    """Keep the security profile of a station. Raises `StationUnknown`."""
    _set(engine, station_id, lambda _before: {"security_profile": profile}, Author(by, "station profile"), now)


def _set(engine: sa.Engine, station_id: str, change: Any, author: Author, now: datetime) -> dict[str, Any]:
    import sqlalchemy as sa

    from warehouse.contract.access import STATION_CREDENTIALS
    from warehouse.registry import changes
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
        before: dict[str, Any] = (
            dict(found) if found is not None else {"security_profile": 0, "password_hash": None, "previous_hash": None}
        )
        row = {**before, **change(before), "station_id": station_id, "set_at": now, "set_by": author.name}
        connection.execute(sa.delete(rows).where(rows.c.station_id == station_id))
        connection.execute(sa.insert(rows), row)
        changes.record(connection, STATION_CREDENTIALS, [(None if found is None else before, row)], author)
    return row
