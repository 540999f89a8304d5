"""A small registry in files, and a state database to apply it to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.signing import Meter
from warehouse.state import metadata

KEY, POINT = Meter().public_key, Meter().point().hex()
FILES = {
    "operators.yaml": "- {operator_id: op, name: Campus Charging, country_code: NO, party_id: KWH}\n",
    "sites.yaml": """\
- site_id: north
  operator_id: op
  name: North lot
  time_zone: Europe/Oslo
  country_code: NO
  currency: NOK
  latitude: 59.91
  grid_limit_w: 150000
""",
    "stations.csv": 'station_id,site_id,note\nN-01,north,\nN-02,north,"two lines,\nreally"\n',
    "connectors.csv": """\
station_id,evse_id,connector_id,in_service_from,in_service_to,rated_power_w,power_type
N-01,1,1,2019-05-01T00:00:00+02:00,2020-01-01T00:00:00Z,7400,AC_1_PHASE
N-01,1,1,2020-02-01T00:00:00Z,,7400,AC_1_PHASE
N-02,1,1,2019-05-01T00:00:00Z,,50000,DC
""",
    "drivers.yaml": "[]\n",
    "contracts.yaml": "- {contract_id: c1, operator_id: op, currency: NOK, valid_from: 2019-01-01T00:00:00Z}\n",
    "tokens.csv": "id_token,token_type,contract_id,status,valid_from\n0123,RFID,c1,active,2019-01-01T00:00:00Z\n",
    "tariffs.yaml": """\
- tariff_id: day
  version: 1
  currency: NOK
  ocpi_version: 2.2.1
  valid_from: 2019-01-01T00:00:00Z
  elements:
    - price_components:
        - {type: ENERGY, price: 0.30, vat: 25, step_size: 1}
      restrictions: {start_time: 08:00, end_time: "20:00", day_of_week: [MONDAY]}
    - price_components:
        - {type: FLAT, price: 1.5, step_size: 1}
""",
    "tariff_assignments.yaml": """\
- {assignment_id: all, tariff_id: day, valid_from: 2019-01-01T00:00:00Z}
- assignment_id: one
  tariff_id: day
  station_id: N-02
  evse_id: 1
  connector_id: 1
  valid_from: 2019-01-01T00:00:00Z
""",
    "station_profiles.yaml": """\
- {vendor: Volt, model: V1, firmware: "*", register_behaviour: at_boot, energy_factor: 1000}
- {vendor: Volt, model: V2, firmware: 1.0, clock_offset_seconds: -3600, token_pattern: '^([[:xdigit:]]{8})[(_].*$'}
""",
    "meter_keys.csv": f"""\
station_id,evse_id,public_key,valid_from,valid_to
N-02,1,{POINT},2019-05-01T00:00:00+02:00,2020-01-01T00:00:00Z
N-02,1,{KEY},2020-01-01T00:00:00Z,
""",
    "tax_rates.yaml": """\
- {country_code: NO, tax_code: S, name: MVA, rate_percent: 25, valid_from: 2005-01-01T00:00:00Z}
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Registry files without a fault."""
    folder = tmp_path / "registry"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def engine() -> Iterator[sa.Engine]:
    """An empty state database, in memory: migrating one takes a second."""
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    metadata().create_all(engine)
    yield engine
    engine.dispose()
