"""A small warehouse for tests of readers and pages: three sites, twelve connectors, half a year, the same each time.

Written straight into the tables, so that a page's test needs no collector and no pipeline. Prices are plain
(0.40 a kWh and 1.00 a session, 20 % VAT), so that sums can be checked by hand.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from pipelines.registry_history import record_registry
from warehouse.contract import BY_NAME
from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import open_lake

FIRST, LAST = date(2025, 1, 1), date(2025, 6, 30)
SITES = {
    "harbour": ("Harbour", "Europe/Amsterdam", "NL", "EUR", 6, 22_000),
    "market": ("Market Hall", "Europe/Amsterdam", "NL", "EUR", 4, 11_000),
    "campus": ("Campus", "America/Los_Angeles", "US", "USD", 2, 50_000),
}
# The first session on this contract's invoice of June is there with its frames; its token as the card has it begins so.
TOLD_CONTRACT, TOLD_TOKEN = "C-004", "CARD-"
ELEMENTS = """[{"price_components": [
  {"type": "ENERGY", "price": 0.4, "step_size": 1}, {"type": "FLAT", "price": 1, "step_size": 1}
]}]"""
_SQL = Path(__file__).with_suffix(".sql")


def build(home: Path, *, origin: str = "replay") -> Settings:
    """Make the warehouse in `home` and give the settings that open it."""
    settings = Settings(home=home, dashboard_port=0)
    _register(settings)
    with open_lake(settings) as lake:
        record_registry(lake)
        lake.con.execute(
            "CREATE TEMP TABLE parameters AS SELECT $1::DATE AS first_day, $2::DATE AS last_day, $3 AS origin",
            [FIRST, LAST, origin],
        )
        for statement in _SQL.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                lake.con.execute(statement)
        made = [
            row[0]
            for row in lake.con.execute(
                "SELECT table_name FROM duckdb_tables() WHERE temporary AND table_name LIKE '%\\_\\_%' ESCAPE '\\'"
            ).fetchall()
        ]
        with lake.write("a small warehouse for tests") as con:
            for name in made:
                full_name = name.replace("__", ".")
                there = {row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()}
                columns = ", ".join(column for column in BY_NAME[full_name].column_names if column in there)
                con.execute(f"INSERT INTO lake.{full_name} ({columns}) SELECT {columns} FROM {name}")
    return settings


def _register(settings: Settings) -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    engine = open_state(settings)
    with engine.begin() as connection:

        def insert(name: str, rows: list[dict[str, object]]) -> None:
            connection.execute(sa.insert(table("registry", name)), rows)

        insert("operators", [{"operator_id": "kwh", "name": "KW Charging", "country_code": "NL", "party_id": "KWH"}])
        insert(
            "sites",
            [
                {
                    "site_id": key,
                    "operator_id": "kwh",
                    "name": name,
                    "time_zone": zone,
                    "country_code": country,
                    "currency": currency,
                }
                for key, (name, zone, country, currency, _, _) in SITES.items()
            ],
        )
        numbered = [(key, n, rated) for key, (*_, count, rated) in SITES.items() for n in range(1, count + 1)]
        insert(
            "stations",
            [
                {"station_id": f"{key}-{n:02}", "site_id": key, "vendor": "Volt", "model": "V1"}
                for key, n, _ in numbered
            ],
        )
        insert(
            "connectors",
            [
                {
                    "station_id": f"{key}-{n:02}",
                    "evse_id": 1,
                    "connector_id": 1,
                    "in_service_from": begin,
                    "rated_power_w": rated,
                    "power_type": "AC_3_PHASE",
                }
                for key, n, rated in numbered
            ],
        )
        insert(
            "contracts",
            [
                {"contract_id": f"C-{n:03}", "operator_id": "kwh", "currency": currency, "valid_from": begin}
                for n in range(20)
                for currency in (["EUR"] if n < 14 else ["USD"])
            ],
        )
        insert(
            "tariffs",
            [
                {
                    "tariff_id": f"standard-{currency.lower()}",
                    "version": 1,
                    "currency": currency,
                    "ocpi_version": "2.2.1",
                    "elements": ELEMENTS,
                    "valid_from": begin,
                }
                for currency in ("EUR", "USD")
            ],
        )
        insert("pseudonyms", [{"id_token": f"{TOLD_TOKEN}{n:02}", "pseudonym": f"tok_{n:02}"} for n in range(40)])
        insert(
            "tax_rates",
            [{"country_code": "NL", "tax_code": "S", "name": "VAT", "rate_percent": Decimal(20), "valid_from": begin}],
        )
    engine.dispose()
