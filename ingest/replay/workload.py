"""What is to be replayed: the stations, and for each of them its times in service with their sessions."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.fleet.script import Connector, Hardware, Station, Tally
from ingest.fleet.session import Session, with_registers
from ingest.fleet.station16 import Station16
from ingest.fleet.station201 import Station201
from ingest.replay.dataset import Period, in_service_to
from warehouse.errors import InputError
from warehouse.settings import Settings

LEVEL_2_W = 7_200
"""Rated power of a level-2 connector (240 V, 30 A) where nothing else is known."""

Place = tuple[str, int, int]
"""Station, EVSE number, connector number."""

_MARGIN = timedelta(minutes=1)

STATION_KINDS: Mapping[str, type[Station16] | type[Station201]] = {"1.6": Station16, "2.0.1": Station201}


@dataclass(frozen=True, slots=True)
class Shift:
    """One time in service of one station, with its sessions and their begin registers (µWh)."""

    station_id: str
    begin: datetime
    end: datetime
    sessions: tuple[tuple[Session, int], ...]

    @property
    def key(self) -> str:
        """Name of the shift as a whole, beside the ids of its sessions."""
        return f"shift {self.begin:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Workload:
    """`source` names the sessions: the same for the same file content, so that a second run knows what it has told."""

    source: str
    ocpp_versions: Mapping[str, str]
    hardware: Mapping[str, Hardware]
    shifts: Mapping[str, tuple[Shift, ...]]
    """Shifts of each station, in order."""

    def station(self, station_id: str, tally: Tally) -> Station:
        """A station that tells its sessions whatever the central system thinks of the tokens: they did happen."""
        return STATION_KINDS[self.ocpp_versions[station_id]](self.hardware[station_id], tally)


def plan(
    sessions: Iterable[Session],
    ocpp_versions: Mapping[str, str],
    service: Iterable[Period] = (),
    rated_power_w: Mapping[Place, int] | None = None,
    maker: tuple[str, str] = ("kwhouse", "replayed station"),
) -> Workload:
    """Sort sessions into shifts and give each its lifetime register.

    `ocpp_versions` go by station. `service` are the times in service; without them each station is in service once,
    from a minute before its first arrival to a minute after its last departure. Connectors without a rated power get
    that of level 2.
    """
    by_station: dict[str, list[Session]] = defaultdict(list)
    for session in sessions:
        by_station[session.station_id].append(session)
    service = tuple(service)
    ends = _ends_of_service([session for own in by_station.values() for session in own], service)
    ratings = rated_power_w or {}
    hardware, shifts = {}, {}
    for station_id, own in sorted(by_station.items()):
        own.sort(key=lambda session: session.order)
        connectors = sorted({(session.evse_id, session.connector_id) for session in own})
        rated = {place: ratings.get((station_id, *place), LEVEL_2_W) for place in connectors}
        hardware[station_id] = Hardware(station_id, *maker, connectors=rated)
        shifts[station_id] = _shifts(station_id, _registered(own), service, ends)
    return Workload(_source(by_station), ocpp_versions, hardware, shifts)


def _registered(sessions: list[Session]) -> list[tuple[Session, int]]:
    """Sessions of one station with the registers of their connectors, which all began their life at 0."""
    by_connector: dict[Connector, list[Session]] = defaultdict(list)
    for session in sessions:
        by_connector[session.evse_id, session.connector_id].append(session)
    found = [pair for own in by_connector.values() for pair in with_registers(own, 0)]
    return sorted(found, key=lambda pair: pair[0].order)


def _ends_of_service(sessions: list[Session], service: tuple[Period, ...]) -> dict[tuple[str, Period], datetime]:
    """When the connectors of a site go out of service after each period.

    All together, when the site's last vehicle has left: a few connectors alone would make an empty site look full.
    """
    last: dict[tuple[str, Period], datetime] = {}
    for session in sessions:
        for period in service:
            if period.holds(session.started_at):
                key = session.site_id, period
                last[key] = max(session.ended_at, last.get(key, session.ended_at))
    return {key: in_service_to(key[1], departure) for key, departure in last.items()}


def _shifts(
    station_id: str,
    sessions: list[tuple[Session, int]],
    service: tuple[Period, ...],
    ends: Mapping[tuple[str, Period], datetime],
) -> tuple[Shift, ...]:
    if not service:
        last = max(session.ended_at for session, _ in sessions)
        whole = Period(sessions[0][0].started_at - _MARGIN, last + _MARGIN)
        return (Shift(station_id, whole.begin, whole.end, tuple(sessions)),)
    found = []
    for period in service:
        held = tuple(pair for pair in sessions if period.holds(pair[0].started_at))
        if held:
            found.append(Shift(station_id, period.begin, ends[held[0][0].site_id, period], held))
    outside = len(sessions) - sum(len(shift.sessions) for shift in found)
    if outside:
        raise InputError(f"{station_id} has {outside} session(s) outside its times in service. Widen them.")
    return tuple(found)


def _source(by_station: Mapping[str, list[Session]]) -> str:
    """Digest of all that the sessions say."""
    digest = hashlib.sha256()
    for station_id in sorted(by_station):
        for session in by_station[station_id]:
            digest.update(repr((*session.order, session.site_id, station_id, session.evse_id, session.connector_id,
                                session.energy_wh, session.id_token)).encode())  # fmt: skip
    return digest.hexdigest()[:16]


def registered_ratings(settings: Settings) -> dict[Place, int]:
    """Rated power (W) of each connector in the registry, of its newest time in service."""
    import sqlalchemy as sa

    from warehouse.state import open_state, table

    connectors = table("registry", "connectors").c
    rows = sa.select(
        connectors.station_id, connectors.evse_id, connectors.connector_id, connectors.rated_power_w
    ).order_by(connectors.in_service_from)
    engine = open_state(settings)
    try:
        with engine.connect() as connection:
            return {(station, evse, connector): watts for station, evse, connector, watts in connection.execute(rows)}
    finally:
        engine.dispose()
