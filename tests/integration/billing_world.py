"""A small network in a real lake: sessions and registry rows put in by hand, the stages run by the real runner."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pipelines.billing.stages import STAGES
from pipelines.stages import Stage, StageResult, run_stage
from warehouse.store import Lake

OPEN = "2019-01-01T00:00:00.000000+00:00"
TABLES = (
    "billing.cdrs",
    "billing.cdr_lines",
    "billing.cdr_periods",
    "billing.invoice_drafts",
    "billing.invoice_draft_lines",
    "billing.owner_statements",
    "mart.revenue_days",
    "ops.faults",
)


class World:
    """`site` in Berlin with `station`, `pseudonym` paying by contract `C1`, tariff `T` version 1: 0.30 a kWh, 19 %."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._clock = datetime(2026, 1, 1, tzinfo=UTC)
        self._changes: list[tuple[str, list[Any]]] = []
        self._seq = 0

    def basic(self) -> World:
        self.set("operators", ["O"], country_code="DE", party_id="KWH", name="kWhouse GmbH")
        self.set(
            "sites",
            ["site"],
            operator_id="O",
            name="Site",
            time_zone="Europe/Berlin",
            country_code="DE",
            currency="EUR",
        )
        self.set("contracts", ["C1"], operator_id="O", currency="EUR", valid_from=OPEN)
        self.set("tokens", ["pseudonym"], token_type="RFID", contract_id="C1", status="active", valid_from=OPEN)
        self.tariff("T", 1, energy("0.30"))
        self.assign("A", "T")
        return self

    def set(self, table: str, key: list[object], **columns: object) -> None:
        names = {
            "operators": ["operator_id"],
            "sites": ["site_id"],
            "stations": ["station_id"],
            "connectors": ["station_id", "evse_id", "connector_id", "in_service_from"],
            "contracts": ["contract_id"],
            "tokens": [],
            "tariffs": ["tariff_id", "version"],
            "tariff_assignments": ["assignment_id"],
            "plans": ["plan_id", "version"],
            "subscriptions": ["subscription_id"],
            "owner_contracts": ["owner_contract_id"],
            "tax_rates": ["country_code", "tax_code", "valid_from"],
            "session_decisions": ["session_id", "decided_at"],
        }[table]
        self._change(table, key, "set", json.dumps({**dict(zip(names, key, strict=False)), **columns}))

    def remove(self, table: str, key: list[object]) -> None:
        self._change(table, key, "removed", None)

    def tariff(
        self, tariff_id: str, version: int, elements: str, valid_from: str = OPEN, currency: str = "EUR"
    ) -> None:
        self.set(
            "tariffs",
            [tariff_id, version],
            currency=currency,
            ocpi_version="2.2.1",
            elements=elements,
            valid_from=valid_from,
        )

    def assign(self, assignment_id: str, tariff_id: str, valid_from: str = OPEN, **scope: object) -> None:
        self.set("tariff_assignments", [assignment_id], tariff_id=tariff_id, valid_from=valid_from, **scope)

    def plan(self, plan_id: str = "P", version: int = 1, **columns: object) -> None:
        """A plan: 10.00 a month, 20 kWh included, 19 % VAT."""
        given = {"monthly_fee": 10, "included_kwh": 20, "vat_percent": 19, **columns}
        self.set("plans", [plan_id, version], **{"name": plan_id, "currency": "EUR", "valid_from": OPEN, **given})

    def subscribe(self, subscription_id: str = "S", valid_from: str = OPEN, **columns: object) -> None:
        """Contract `C1` subscribes to plan `P`."""
        given = {"contract_id": "C1", "plan_id": "P", "valid_from": valid_from, **columns}
        self.set("subscriptions", [subscription_id], **given)

    def rent(self, owner_contract_id: str = "OC", valid_from: str = OPEN, **columns: object) -> None:
        """Owner `W` of `site` gets 10 % of its revenue and 31.00 a month, and charges 19 % VAT."""
        terms = {"revenue_share_percent": 10, "rent_per_month": 31, "vat_percent": 19, "currency": "EUR"}
        given = {"owner_id": "W", "site_id": "site", "valid_from": valid_from, **terms, **columns}
        self.set("owner_contracts", [owner_contract_id], **given)

    def decide(self, session_id: str, decision: str, grade: str = "suspect", energy_wh: float | None = 10_000) -> None:
        moment = (self._clock + timedelta(seconds=1)).isoformat()
        self.set("session_decisions", [session_id, moment], decision=decision, grade=grade, energy_wh=energy_wh)

    def _change(self, table: str, key: list[object], change: str, row: str | None) -> None:
        self._clock += timedelta(seconds=1)
        values = [table, json.dumps(key), self._clock, change, str(hash(row)), row]
        self._changes.append(("INSERT INTO lake.ops.registry_history VALUES (?, ?, ?, ?, ?, ?)", values))

    def session(self, session_id: str = "s1", start: str = "2019-05-10T12:00:00+00:00", **changes: object) -> None:
        """Insert a session, or put another in its place: one hour of charging, half an hour idle, 10 kWh."""
        began = datetime.fromisoformat(start)
        row: dict[str, Any] = {
            "session_id": session_id,
            "station_id": "station",
            "site_id": "site",
            "evse_id": 1,
            "connector_id": 1,
            "transaction_id": session_id,
            "external_session_id": None,
            "id_token": "pseudonym",
            "started_at": began,
            "ended_at": began + timedelta(minutes=90),
            "state": "completed",
            "energy_wh": Decimal(10_000),
            "energy_source": "registers",
            "begin_register_wh": None,
            "end_register_wh": None,
            "charging_seconds": 3600,
            "idle_seconds": 1800,
            "max_power_w": None,
            "stop_reason": None,
            "grade": "ok",
            "flags": [],
            "origin": "live",
            "last_received_at": began + timedelta(minutes=90),
            **changes,
        }
        self.drop_session(session_id)
        marks = ", ".join("?" for _ in row)
        names = ", ".join(row)
        self._changes.append((f"INSERT INTO lake.core.sessions ({names}) VALUES ({marks})", list(row.values())))

    def step(self, session_id: str, number: int, begin: str, end: str, energy_wh: int) -> None:
        """Energy that flowed in the session between two times."""
        place = ["station", "site", 1, 1]
        values = [session_id, number, *place, begin, end, Decimal(energy_wh), True]
        marks = ", ".join("?" for _ in values)
        self._changes.append((f"INSERT INTO lake.core.energy_steps VALUES ({marks})", values))

    def currents(self, session_id: str, at: str, *amperes: float) -> None:
        """Currents that were measured in the session at a time: of L1, L2 and L3, or one without a phase."""
        self._seq += 1
        phases = [None] if len(amperes) == 1 else [f"L{number}" for number in range(1, len(amperes) + 1)]
        layout = "INSERT INTO lake.core.reading_layouts BY NAME SELECT ? AS layout_id, ? AS place, "
        layout += (
            "'Current.Import' AS measurand, ? AS phase, 'Outlet' AS location, 'Sample.Periodic' AS context, 'A' AS unit"
        )
        for place, phase in enumerate(phases, start=1):
            self._changes.append((layout, [self._seq, place, phase]))
        statement = (
            "INSERT INTO lake.core.readings BY NAME SELECT 'test' AS collector_id, ? AS seq, 1 AS set_no, "
            "0 AS first_sample_no, 'station' AS station_id, ? AS transaction_id, ?::TIMESTAMPTZ AS measured_at, "
            "?::TIMESTAMPTZ AS received_at, ? AS layout_id, ?::DECIMAL(18,6)[] AS samples, false AS breaks_schema"
        )
        self._changes.append((statement, [self._seq, session_id, at, at, self._seq, list(amperes)]))

    def drop_session(self, session_id: str) -> None:
        self._changes.append(("DELETE FROM lake.core.sessions WHERE session_id = ?", [session_id]))

    def write(self) -> None:
        """Put all changes made since the last time into the lake, in one transaction."""
        if self._changes:
            with self.lake.write("test") as con:
                for statement, values in self._changes:
                    con.execute(statement, values)
            self._changes.clear()

    def run(self, *stages: Stage, full: bool = False) -> list[StageResult]:
        """Write the changes and run `stages`, or all of billing's."""
        self.write()
        return [run_stage(self.lake, stage, full=full) for stage in stages or STAGES]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.lake.con.execute(query).fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that billing wrote, in one order."""
        return {name: sorted(self.rows(f"SELECT * FROM {name}"), key=repr) for name in TABLES}


def energy(price: str, vat: str | None = "19", step: int = 1) -> str:
    """Elements of a tariff that prices energy alone."""
    tax = "" if vat is None else f', "vat": {vat}'
    return f'[{{"price_components": [{{"type": "ENERGY", "price": {price}{tax}, "step_size": {step}}}]}}]'
