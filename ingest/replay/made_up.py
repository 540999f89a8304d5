"""What the demo's files do not hold and is therefore made up: who charged, at what price, on which hardware.

Everything here follows from hashes of the files' own ids, so it is the same in each run and on each machine. No real
person, contract, card or price stands behind any of it; in the registry each such row says so in `note`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ingest.fleet.session import Session
from ingest.replay.dataset import CONNECTOR, RecordedSession, find_folder, periods, read_recorded
from ingest.replay.workload import Workload, plan

NOTE = "made up for the demo"

DRIVERS = {"caltech": 170, "jpl": 240}
"""Made-up drivers of each site, each with one contract and one card."""

OCPP_VERSIONS = {"caltech": "1.6", "jpl": "2.0.1"}
"""Which protocol the stations of a site speak in the demo."""

FAST_CHARGERS = {"11900388": 50_000}
"""Stations that are not level 2, with their rated power in W: its sessions run at a steady 40 to 46 kW."""


def demo_workload() -> Workload:
    """All recorded sessions with made-up cards, sorted into the shifts that the files cover."""
    sessions = with_cards(read_recorded(find_folder()))
    return plan(
        sessions,
        ocpp_versions={session.station_id: OCPP_VERSIONS[session.site_id] for session in sessions},
        service=periods(),
        rated_power_w={(station_id, *CONNECTOR): watts for station_id, watts in FAST_CHARGERS.items()},
        maker=("kwhouse", "made-up station"),
    )


def driver_id(site_id: str, number: int) -> str:
    """Key of a made-up driver: `jpl-017`."""
    return f"{site_id}-{number:03d}"


def card(site_id: str, number: int) -> str:
    """Card of a made-up driver: 14 hexadecimal digits, as an RFID card's UID has."""
    return hashlib.sha256(f"card/{site_id}/{number}".encode()).hexdigest()[:14].upper()


def terminal_token(station_id: str) -> str:
    """Token under which a station's made-up payment terminal reports those who have no contract."""
    return f"ADHOC-{station_id}"


def with_cards(recorded: Iterable[RecordedSession]) -> list[Session]:
    """Give each session of a known user a driver's card and the others their station's terminal token.

    A few drivers come often and most seldom; nobody is plugged in at two stations at once.
    """
    free_from: dict[str, dict[int, datetime]] = defaultdict(dict)
    sessions = []
    for row in sorted(recorded, key=lambda row: (row.session.site_id, row.session.order)):
        session = row.session
        if row.claimed:
            number = _driver_number(session, free_from[session.site_id])
            free_from[session.site_id][number] = session.ended_at
            token = card(session.site_id, number)
        else:
            token = terminal_token(session.station_id)
        sessions.append(replace(session, id_token=token))
    return sessions


def _driver_number(session: Session, free_from: dict[int, datetime]) -> int:
    """A driver of the site (from 1 on) who is not plugged in elsewhere when `session` begins."""
    drivers = DRIVERS[session.site_id]
    digest = hashlib.sha256(f"driver/{session.external_session_id}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    wish = int(drivers * share * share)
    for step in range(drivers):
        number = (wish + step) % drivers + 1
        if number not in free_from or free_from[number] <= session.started_at:
            return number
    raise ValueError(f"all {drivers} made-up drivers of {session.site_id} are plugged in at {session.started_at}")
