"""The registry files of a simulated fleet, for `kwhouse registry apply`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.fleet.simulator import CARDS, MAX_AC_POWER_W, SITE_ID, Fleet, card

NOTE = "simulated"
SERVICE_DAYS = 30
"""How long the connectors have been in service: room for a simulation that ends at the present, few empty days."""
_VALID_FROM = "2025-01-01T00:00:00Z"

_FILES = {
    "operators": f"""\
- operator_id: {SITE_ID}
  name: Simulated Charging
  country_code: DE
  party_id: SIM
  note: {NOTE}
""",
    "sites": f"""\
- site_id: {SITE_ID}
  operator_id: {SITE_ID}
  name: Simulated site
  time_zone: Europe/Berlin
  country_code: DE
  currency: EUR
  note: {NOTE}
""",
    "contracts": f"""\
- contract_id: {SITE_ID}
  operator_id: {SITE_ID}
  currency: EUR
  valid_from: {_VALID_FROM}
  note: a {NOTE} company, which pays for all cards
""",
    "tariffs": f"""\
- tariff_id: {SITE_ID}
  version: 1
  currency: EUR
  ocpi_version: 2.2.1
  valid_from: {_VALID_FROM}
  note: {NOTE}
  elements:
    - price_components:
        - {{type: ENERGY, price: 0.49, vat: 19, step_size: 1}}
        - {{type: PARKING_TIME, price: 3.00, vat: 19, step_size: 60}}
""",
    "tariff_assignments": f"""\
- assignment_id: {SITE_ID}
  tariff_id: {SITE_ID}
  site_id: {SITE_ID}
  valid_from: {_VALID_FROM}
  note: {NOTE}
""",
    "tax_rates": f"""\
- country_code: DE
  tax_code: S
  name: VAT
  rate_percent: 19
  valid_from: {_VALID_FROM}
""",
}


def write_registry(folder: Path, fleet: Fleet, now: datetime | None = None) -> None:
    """Write the fleet's stations, cards and prices into `folder`, which is made where it is missing.

    The connectors are in service from the UTC midnight `SERVICE_DAYS` days before `now` (default: the present).
    """
    midnight = (now or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _FILES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    write_rows(folder / "stations.csv", ("station_id", "site_id", "vendor", "model", "note"), _stations(fleet))
    write_rows(
        folder / "connectors.csv",
        ("station_id", "evse_id", "connector_id", "in_service_from", "rated_power_w", "standard", "power_type"),
        _connectors(fleet, midnight - timedelta(days=SERVICE_DAYS)),
    )
    write_rows(
        folder / "tokens.csv",
        ("id_token", "token_type", "contract_id", "status", "valid_from", "note"),
        ((card(number), "RFID", SITE_ID, "active", _VALID_FROM, NOTE) for number in range(CARDS)),
    )


def write_rows(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Write one registry table as CSV; None becomes an empty field."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _stations(fleet: Fleet) -> Iterator[tuple[object, ...]]:
    for hardware, _ in fleet.hardware():
        yield hardware.station_id, SITE_ID, hardware.vendor, hardware.model, NOTE


def _connectors(fleet: Fleet, in_service_from: datetime) -> Iterator[tuple[object, ...]]:
    since = f"{in_service_from:%Y-%m-%dT%H:%M:%SZ}"
    for hardware, _ in fleet.hardware():
        for (evse, connector), watts in hardware.connectors.items():
            kind = ("IEC_62196_T2", "AC_3_PHASE") if watts <= MAX_AC_POWER_W else ("IEC_62196_T2_COMBO", "DC")
            yield hardware.station_id, evse, connector, since, watts, *kind
