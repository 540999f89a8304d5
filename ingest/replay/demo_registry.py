"""The demo's registry as a folder for `kwhouse registry apply`: the files' stations, and made-up everything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ingest.fleet.simulated_registry import write_rows
from ingest.replay.made_up import DRIVERS, FAST_CHARGERS, NOTE, card, driver_id, terminal_token
from ingest.replay.workload import Workload
from warehouse.errors import InputError
from warehouse.settings import Settings

# Prices, taxes and the company are made up: no connection to the real operators of these sites.
_OPERATORS = f"""\
- operator_id: demo
  name: Sunny Side Charging Cooperative
  country_code: US
  party_id: KWH
  address: 1 Example Street, Pasadena, CA 91125
  street: 1 Example Street
  city: Pasadena
  post_code: "91125"
  state_code: CA
  time_zone: America/Los_Angeles
  tax_number: 00-0000000
  email: billing@example.org
  iban: GB82WEST12345698765432                   # the example of the IBAN registry: nobody's account
  note: {NOTE}
"""

_SITES = f"""\
- site_id: caltech
  operator_id: demo
  name: Caltech, Pasadena
  time_zone: America/Los_Angeles
  country_code: US
  currency: USD
  address: 1200 E California Blvd
  city: Pasadena
  post_code: "91125"
  latitude: 34.1377
  longitude: -118.1253
  note: a real place and real sessions (ACN-Data, CC BY 4.0); operator and prices are {NOTE}
- site_id: jpl
  operator_id: demo
  name: Jet Propulsion Laboratory, La Cañada
  time_zone: America/Los_Angeles
  country_code: US
  currency: USD
  address: 4800 Oak Grove Dr
  city: Pasadena
  post_code: "91109"
  latitude: 34.2013
  longitude: -118.1714
  note: a real place and real sessions (ACN-Data, CC BY 4.0); operator and prices are {NOTE}
"""

_TARIFF = """\
- tariff_id: {name}
  version: 1
  currency: USD
  ocpi_version: 2.2.1
  valid_from: 2019-01-01T00:00:00-08:00
  note: {note}
  elements:
    - price_components:
"""

# PARKING_TIME is the time after charging; per kWh, per hour and per session, before tax
_PRICES = {
    "caltech": (("ENERGY", "0.29", 1), ("PARKING_TIME", "0.90", 60)),
    "jpl": (("FLAT", "0.25", 1), ("ENERGY", "0.24", 1), ("PARKING_TIME", "0.60", 60)),
    "fast": (("FLAT", "1.00", 1), ("ENERGY", "0.45", 1), ("TIME", "2.40", 60), ("PARKING_TIME", "12.00", 60)),
}
_TAX_PERCENT = "7.5"

_ASSIGNMENTS = f"""\
- assignment_id: caltech
  tariff_id: caltech
  site_id: caltech
  valid_from: 2019-01-01T00:00:00-08:00
  note: {NOTE}
- assignment_id: jpl
  tariff_id: jpl
  site_id: jpl
  valid_from: 2019-01-01T00:00:00-08:00
  note: {NOTE}
"""

_FAST_ASSIGNMENT = f"""\
- assignment_id: fast-{{station_id}}
  tariff_id: fast
  site_id: caltech
  station_id: "{{station_id}}"
  valid_from: 2019-01-01T00:00:00-08:00
  note: {NOTE}
"""

_TAX_RATES = f"""\
- country_code: US
  tax_code: S
  name: Local tax
  rate_percent: {_TAX_PERCENT}
  valid_from: 2019-01-01T00:00:00-08:00
  note: {NOTE}
"""

_VALID_FROM = "2019-01-01T00:00:00-08:00"


def write_demo_registry(folder: Path, workload: Workload) -> None:
    """Write all registry files of the demo into `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _texts():
        (folder / f"{name}.yaml").write_text(f"# {NOTE}\n{text}", encoding="utf-8")
    write_rows(folder / "stations.csv", ("station_id", "site_id", "vendor", "model", "note"), _stations(workload))
    write_rows(
        folder / "connectors.csv",
        ("station_id", "evse_id", "connector_id", "in_service_from", "in_service_to", "rated_power_w", "standard",
         "power_type", "connector_format", "note"),
        _connectors(workload),
    )  # fmt: skip
    columns = ("driver_id", "name", "email", "street", "city", "post_code", "state_code", "country_code", "note")
    write_rows(folder / "drivers.csv", columns, _drivers())
    write_rows(
        folder / "contracts.csv",
        ("contract_id", "operator_id", "driver_id", "currency", "valid_from", "note"),
        _contracts(),
    )
    write_rows(
        folder / "tokens.csv",
        ("id_token", "token_type", "contract_id", "status", "valid_from", "note"),
        _tokens(workload),
    )


def refuse_other_registry(settings: Settings) -> None:
    """Raise `InputError` where the data folder's registry holds sites of somebody else.

    The demo declares its registry as a whole, and applying it would take away what a person has declared.
    """
    import sqlalchemy as sa

    from warehouse.state import open_state, table

    engine = open_state(settings)
    try:
        with engine.connect() as connection:
            sites = set(connection.scalars(sa.select(table("registry", "sites").c.site_id)))
    finally:
        engine.dispose()
    if others := sorted(sites - set(DRIVERS)):
        raise InputError(
            f"The registry in {settings.home} holds {', '.join(others)}, which the demo would remove. "
            "Give the demo a folder of its own: KWHOUSE_HOME=./data-demo make demo"
        )


def _texts() -> Iterator[tuple[str, str]]:
    tariffs = ""
    for name, components in _PRICES.items():
        tariffs += _TARIFF.format(name=name, note=NOTE)
        for kind, price, step in components:
            tariffs += f"        - {{type: {kind}, price: {price}, vat: {_TAX_PERCENT}, step_size: {step}}}\n"
    fast = "".join(_FAST_ASSIGNMENT.format(station_id=station_id) for station_id in FAST_CHARGERS)
    yield "operators", _OPERATORS
    yield "sites", _SITES
    yield "tariffs", tariffs
    yield "tariff_assignments", _ASSIGNMENTS + fast
    yield "tax_rates", _TAX_RATES


def _stations(workload: Workload) -> Iterator[tuple[object, ...]]:
    for station_id, hardware in workload.hardware.items():
        site = workload.shifts[station_id][0].sessions[0][0].site_id
        yield station_id, site, hardware.vendor, hardware.model, f"hardware {NOTE}"


def _connectors(workload: Workload) -> Iterator[tuple[object, ...]]:
    """One row for each time in service: between the files' periods a connector is out of service."""
    for station_id, shifts in workload.shifts.items():
        fast = station_id in FAST_CHARGERS
        standard, power = ("IEC_62196_T1_COMBO", "DC") if fast else ("IEC_62196_T1", "AC_1_PHASE")
        for (evse, connector), watts in workload.hardware[station_id].connectors.items():
            for shift in shifts:
                yield (station_id, evse, connector, _text(shift.begin), _text(shift.end), watts, standard, power,
                       "CABLE", f"rated power {NOTE}")  # fmt: skip


def _people() -> Iterator[tuple[str, int, str, str]]:
    """(site, number of the driver there, driver id, contract id)"""
    running = 0
    for site, count in DRIVERS.items():
        for number in range(1, count + 1):
            running += 1
            yield site, number, driver_id(site, number), f"USKWHC{running:08d}"


def _drivers() -> Iterator[tuple[object, ...]]:
    for _, _, driver, _ in _people():
        address = ("2 Example Street", "Pasadena", "91125", "CA", "US")
        yield driver, f"Made-up driver {driver}", f"{driver}@example.org", *address, NOTE


def _contracts() -> Iterator[tuple[object, ...]]:
    for _, _, driver, contract in _people():
        yield contract, "demo", driver, "USD", _VALID_FROM, NOTE


def _tokens(workload: Workload) -> Iterator[tuple[object, ...]]:
    for site, number, _, contract in _people():
        yield card(site, number), "RFID", contract, "active", _VALID_FROM, NOTE
    for station_id in workload.hardware:
        yield terminal_token(station_id), "AD_HOC_USER", None, "active", _VALID_FROM, f"payment terminal {NOTE}"


def _text(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
