"""A warehouse of two sites with three sessions, priced by hand, written straight into the tables.

Pune is 5 h 30 min ahead of UTC, Oslo 2 h in summer: the sessions lie round the local midnights of 1 June 2026.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.registry_history import record_registry
from warehouse.contract import BY_NAME
from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import open_lake

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

SITES = [
    {
        "site_id": "pune",
        "operator_id": "op",
        "name": "=Pune",
        "time_zone": "Asia/Kolkata",
        "country_code": "IN",
        "currency": "INR",
    },
    {
        "site_id": "oslo",
        "operator_id": "op",
        "name": "Oslo",
        "time_zone": "Europe/Oslo",
        "country_code": "NO",
        "currency": "NOK",
    },
]
# session, site, started (UTC), energy in Wh, total before VAT
SESSIONS = [
    ("s1", "pune", datetime(2026, 5, 31, 18, 29, 59, tzinfo=UTC), "1000.000001", "10.0001"),  # 31 May 23:59:59
    ("s2", "pune", datetime(2026, 5, 31, 18, 30, tzinfo=UTC), "2500", "25.5000"),  # 1 June 00:00
    ("s3", "oslo", datetime(2026, 5, 31, 22, 0, tzinfo=UTC), "0.5", "0.0050"),  # 1 June 00:00
]


def build(home: Path, settings: Settings | None = None) -> Settings:
    """Make the warehouse in `home` (or as `settings` say) and give the settings that open it."""
    settings = settings or Settings(home=home)
    engine = open_state(settings)
    with engine.begin() as connection:
        for name, rows in {
            "operators": [{"operator_id": "op", "name": "Op", "country_code": "IN", "party_id": "KWH"}],
            "sites": SITES,
            "drivers": [{"driver_id": "d1", "name": "Ada Example", "email": "ada@example.org"}],
            "tokens": [{"id_token": "SECRETTOKEN", "token_type": "RFID", "status": "active", "valid_from": LONG_AGO}],
        }.items():
            connection.execute(sa.insert(table("registry", name)), rows)
    engine.dispose()
    with open_lake(settings) as lake:
        record_registry(lake)
        with lake.write("by hand") as con:
            for name, rows in _rows().items():
                for row in rows:
                    columns = ", ".join(row)
                    marks = ", ".join("?" for _ in row)
                    con.execute(f"INSERT INTO lake.{name} ({columns}) VALUES ({marks})", list(row.values()))
                    missing = {c.name for c in BY_NAME[name].columns if not c.nullable} - row.keys()
                    assert not missing, (name, missing)
    return settings


def _rows() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in (
            "core.sessions",
            "billing.cdrs",
            "billing.cdr_lines",
            "billing.invoice_drafts",
            "billing.invoice_draft_lines",
            "billing.owner_statements",
            "mart.revenue_days",
        )
    }
    for n, (session, site, started, energy, total) in enumerate(SESSIONS, start=1):
        currency = next(s["currency"] for s in SITES if s["site_id"] == site)
        ended = started.replace(hour=23)
        rows["core.sessions"].append(
            {
                "session_id": session,
                "station_id": f"{site}-1",
                "site_id": site,
                "evse_id": 1,
                "connector_id": 1,
                "started_at": started,
                "ended_at": ended,
                "state": "completed",
                "energy_wh": Decimal(energy),
                "charging_seconds": 60,
                "idle_seconds": 0,
                "grade": "ok",
                "flags": ["late_data", "zero_readings"],
                "origin": "live",
                "last_received_at": ended,
                "stop_reason": "=1+1",
                "id_token": "pseudonym",
            }
        )
        rows["billing.cdrs"].append(
            {
                "cdr_id": f"c{n}",
                "session_id": session,
                "country_code": "IN",
                "party_id": "KWH",
                "site_id": site,
                "station_id": f"{site}-1",
                "contract_id": "k1",
                "tariff_id": "t",
                "tariff_version": 1,
                "currency": currency,
                "started_at": started,
                "ended_at": ended,
                "energy_wh": Decimal(energy),
                "charging_seconds": 60,
                "parking_seconds": 0,
                "local_date": date(2026, 5, 31) if session == "s1" else date(2026, 6, 1),
                "total_excl_vat": Decimal(total),
                "grade": "ok",
            }
        )
        rows["billing.cdr_lines"].append(
            {
                "cdr_id": f"c{n}",
                "line_no": 1,
                "dimension": "ENERGY",
                "quantity": Decimal(energy) / 1000,
                "quantity_unit": "kWh",
                "price": Decimal(10),
                "amount_excl_vat": Decimal(total),
                "element_no": 0,
            }
        )
        rows["billing.invoice_draft_lines"].append(
            {
                "invoice_id": f"i-{currency}",
                "line_no": n,
                "kind": "session",
                "cdr_id": f"c{n}",
                "session_id": session,
                "site_id": site,
                "started_at": started,
                "energy_wh": Decimal(energy),
                "amount_excl_vat": round(Decimal(total), 2),
            }
        )
    for currency, total in {"INR": "35.50", "NOK": "0.01"}.items():
        rows["billing.invoice_drafts"].append(
            {
                "invoice_id": f"i-{currency}",
                "contract_id": "k1",
                "operator_id": "op",
                "month": date(2026, 6, 1),
                "currency": currency,
                "sessions": 1,
                "energy_wh": Decimal(1),
                "total_excl_vat": Decimal(total),
                "rounding": "half_up_per_line",
                "lines_hash": f"lines of {currency}",
            }
        )
    rows["billing.owner_statements"].append(
        {
            "owner_contract_id": "oc1",
            "owner_id": "w1",
            "site_id": "pune",
            "month": date(2026, 6, 1),
            "currency": "INR",
            "revenue_excl_vat": Decimal("25.5"),
            "share_percent": Decimal(10),
            "share": Decimal("2.55"),
            "rent": Decimal(100),
            "total_excl_vat": Decimal("102.55"),
            "vat": Decimal(0),
            "total_incl_vat": Decimal("102.55"),
            "sessions": 1,
            "energy_wh": Decimal(2500),
        }
    )
    rows["mart.revenue_days"].append(
        {
            "site_id": "pune",
            "local_date": date(2026, 6, 1),
            "currency": "INR",
            "rated_sessions": 1,
            "rated_excl_vat": Decimal("25.5"),
            "rated_wh": Decimal(2500),
            "billed_sessions": 1,
            "billed_excl_vat": Decimal("25.5"),
            "unpriced_sessions": 0,
        }
    )
    return rows
