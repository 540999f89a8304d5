"""What goes on at which station, in the state database: collectors tell each other, and themselves after a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ingest.access.active import Going, Transaction
from ingest.access.known import Subject
from ingest.access.waiting import Knock, keep
from ingest.clock import instant, microseconds

if TYPE_CHECKING:
    import sqlalchemy as sa

_COLUMNS = {"token": "id_token", "group": "token_group", "contract": "contract_id", "driver": "driver_id"}


class Told(NamedTuple):
    """Sessions that go on: at this collector's stations, and at others'."""

    here: Mapping[Transaction, Going]
    elsewhere: Mapping[Transaction, Going]


class Sharing(Protocol):
    """Where collectors tell each other."""

    def tell(self, changed: Mapping[Transaction, Going | None]) -> None:
        """What has begun here, and what has ended (None); called in a thread."""
        ...

    def told(self) -> Told:
        """What goes on by the newest word of each collector; called in a thread."""
        ...

    def knocked(self, knocks: Mapping[str, Knock]) -> None:
        """Which unknown stations have knocked; called in a thread."""
        ...


class SharedSessions:
    """Sharing by the table `access.transactions`."""

    def __init__(self, engine: sa.Engine, collector_id: str) -> None:
        self._engine, self._collector_id = engine, collector_id

    def tell(self, changed: Mapping[Transaction, Going | None]) -> None:
        import sqlalchemy as sa

        from warehouse.state import table

        rows = table("access", "transactions")
        this = sa.and_(
            rows.c.station_id == sa.bindparam("station"), rows.c.transaction_id == sa.bindparam("transaction")
        )
        with self._engine.begin() as connection:
            names = [{"station": name.station_id, "transaction": name.transaction_id} for name in changed]
            connection.execute(sa.delete(rows).where(this), names)
            begun = [self._row(name, going) for name, going in changed.items() if going is not None]
            if begun:
                connection.execute(sa.insert(rows), begun)

    def _row(self, name: Transaction, going: Going) -> dict[str, object]:
        by_kind = {subject.kind: subject.key for subject in going.subjects}
        return {
            "station_id": name.station_id,
            "transaction_id": name.transaction_id,
            "evse_or_connector": going.place,
            "started_at": instant(going.started_at),
            "collector_id": self._collector_id,
            **{column: by_kind.get(kind) for kind, column in _COLUMNS.items()},
        }

    def knocked(self, knocks: Mapping[str, Knock]) -> None:
        keep(self._engine, knocks)

    def told(self) -> Told:
        import sqlalchemy as sa

        from warehouse.state import table

        rows = table("access", "transactions")
        here: dict[Transaction, Going] = {}
        elsewhere: dict[Transaction, Going] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(sa.select(rows)).mappings():
                found = here if row["collector_id"] == self._collector_id else elsewhere
                begun = microseconds(row["started_at"].isoformat()) or 0
                found[Transaction(row["station_id"], row["transaction_id"])] = Going(
                    row["evse_or_connector"], begun, tuple(_subjects(row))
                )
        return Told(here, elsewhere)


def _subjects(row: Mapping[Any, Any]) -> Iterator[Subject]:
    for kind, column in _COLUMNS.items():
        key = row[column]
        if key is not None:
            yield Subject(kind, key)
