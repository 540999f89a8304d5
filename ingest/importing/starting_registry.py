"""`--write-registry DIR`: registry files for the sites and stations of an import that nobody has declared yet.

What the import tells is filled in, what only a person can know stays empty with a remark, and `kwhouse registry apply`
refuses the files until it is filled in. Rows that the registry has already are in the files too, because `apply` takes
away what is missing from a file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from ingest.importing.session_rows import SessionRow
from ingest.importing.unregistered import registered
from warehouse.contract.registry import CONNECTORS
from warehouse.errors import InputError
from warehouse.settings import Settings

TO_COMPLETE: Final = "# to be completed"
_TABLES: Final = ("operators", "sites", "stations", "connectors")
_POWER_TYPES: Final = ", ".join(CONNECTORS.by_name["power_type"].values)


class Seen:
    """Sites, stations and connectors of the sessions noted."""

    def __init__(self) -> None:
        self.site_zones: dict[str, str | None] = {}
        self.station_sites: dict[str, str | None] = {}
        self.first_starts: dict[tuple[str, int | None], datetime] = {}

    def note(self, row: SessionRow) -> None:
        if row.site_id is not None:
            self.site_zones[row.site_id] = self.site_zones.get(row.site_id) or row.time_zone
        self.station_sites[row.station_id] = self.station_sites.get(row.station_id) or row.site_id
        key = (row.station_id, row.connector_id)
        self.first_starts[key] = min(self.first_starts.get(key, row.started_at), row.started_at)


def write_starting_registry(settings: Settings, folder: Path, seen: Seen) -> int:
    """Write the four files and return how many stations are new. Raises `InputError` where one stands there already."""
    for name in _TABLES:
        for suffix in (".yaml", ".yml", ".csv"):
            if (folder / name).with_suffix(suffix).exists():
                raise InputError(f"{folder} holds {name}{suffix} already. Name an empty folder.")
    stations = registered(settings, "stations", "station_id")
    sites = registered(settings, "sites", "site_id")
    new = {station: site for station, site in sorted(seen.station_sites.items()) if station not in stations}
    if not new:
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    standing = _standing(settings)
    entries = {
        "operators": [] if standing["operators"] else list(_operator()),
        "sites": list(_sites({site: zone for site, zone in seen.site_zones.items() if site not in sites})),
        "stations": list(_stations(new)),
        "connectors": list(_connectors(seen, new)),
    }
    for name, lines in entries.items():
        head = [f"# {name} for `kwhouse registry apply`. Fill in what is marked, check the rest."]
        text = "\n".join([*head, *standing[name].splitlines(), *lines]) + "\n"
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return len(new)


def _standing(settings: Settings) -> Mapping[str, str]:
    """The registry's own rows, as YAML."""
    from warehouse.registry import export

    with tempfile.TemporaryDirectory() as aside:
        export(settings, Path(aside))
        texts = {name: (Path(aside) / f"{name}.yaml").read_text(encoding="utf-8") for name in _TABLES}
    return {name: "" if text.strip() == "[]" else text for name, text in texts.items()}


def _operator() -> Iterator[str]:
    yield f"- operator_id: {TO_COMPLETE}: your own key, e.g. green-park"
    yield f"  name: {TO_COMPLETE}: legal name"
    yield f"  country_code: {TO_COMPLETE}: ISO 3166-1, e.g. DE"
    yield f"  party_id: {TO_COMPLETE}: OCPI party id, three characters"


def _sites(sites: Mapping[str, str | None]) -> Iterator[str]:
    for site, zone in sorted(sites.items()):
        yield f"- site_id: {_scalar(site)}"
        yield f"  operator_id: {TO_COMPLETE}"
        yield f"  name: {TO_COMPLETE}"
        yield f"  time_zone: {zone}" if zone else f"  time_zone: {TO_COMPLETE}: IANA zone, e.g. Europe/Berlin"
        yield f"  country_code: {TO_COMPLETE}: ISO 3166-1, e.g. DE"
        yield f"  currency: {TO_COMPLETE}: ISO 4217, e.g. EUR"


def _stations(stations: Mapping[str, str | None]) -> Iterator[str]:
    for station, site in stations.items():
        yield f"- station_id: {_scalar(station)}"
        yield f"  site_id: {_scalar(site)}" if site else f"  site_id: {TO_COMPLETE}"


def _connectors(seen: Seen, stations: Mapping[str, str | None]) -> Iterator[str]:
    for (station, connector), first in sorted(
        seen.first_starts.items(), key=lambda item: (item[0][0], item[0][1] or 0)
    ):
        if station not in stations:
            continue
        number = TO_COMPLETE if connector is None else str(connector)
        yield f"- station_id: {_scalar(station)}"
        yield f"  evse_id: {number}"
        yield f"  connector_id: {number}"
        yield f"  in_service_from: {first:%Y-%m-%dT%H:%M:%SZ}  # its first session in the import; it may be older"
        yield f"  rated_power_w: {TO_COMPLETE}"
        yield f"  power_type: {TO_COMPLETE}: {_POWER_TYPES}"


def _scalar(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # double-quoted YAML
