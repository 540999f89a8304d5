"""Where somebody wants to charge, and who is there already: what the state database says of an EVSE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from pipelines.billing.documents.model import Language
from warehouse.remote.online import stations_online
from warehouse.state import table

# OCPI ConnectorType, as it is written on stations.
_PLUGS = {
    "IEC_62196_T1": "Type 1",
    "IEC_62196_T1_COMBO": "CCS (Type 1)",
    "IEC_62196_T2": "Type 2",
    "IEC_62196_T2_COMBO": "CCS",
    "IEC_62196_T3C": "Type 3",
    "CHADEMO": "CHAdeMO",
    "TESLA_S": "Tesla",
    "TESLA_R": "Tesla",
    "SAE_J3400": "NACS",
    "DOMESTIC_F": "Schuko",
    "GBT_AC": "GB/T",
    "GBT_DC": "GB/T",
}


EvseState = Literal["free", "used", "offline"]


@dataclass(frozen=True, slots=True)
class Evse:
    """An EVSE in service. `power_w`: the greatest of its connectors', in W.

    `state`: offline, where no collector holds the station; used, where a session goes on; else free.
    """

    station_id: str
    evse_id: int
    connector_id: int
    station_name: str
    site_id: str
    site_name: str
    address: str
    time_zone: str
    currency: str
    operator_id: str
    operator_name: str
    language: Language
    plugs: tuple[str, ...]
    power_w: int
    state: EvseState


def evse_at(engine: sa.Engine, station_id: str, evse_id: int, now: datetime) -> Evse | None:
    """The EVSE, as the registry has it in service at `now`; None where there is none."""
    stations, sites, operators, connectors, going = (
        table(schema, name)
        for schema, name in (
            ("registry", "stations"),
            ("registry", "sites"),
            ("registry", "operators"),
            ("registry", "connectors"),
            ("access", "transactions"),
        )
    )
    placed = (
        sa.select(stations, sites, operators.c.name.label("operator_name"), operators.c.language)
        .join(sites, sites.c.site_id == stations.c.site_id)
        .join(operators, operators.c.operator_id == sites.c.operator_id)
        .where(stations.c.station_id == station_id)
        .with_only_columns(
            stations.c.name.label("station_name"),
            sites.c.name.label("site_name"),
            operators.c.name.label("operator_name"),
            *(sites.c[name] for name in ("site_id", "address", "post_code", "city", "time_zone", "currency")),
            operators.c.operator_id,
            operators.c.language,
        )
    )
    there = sa.select(connectors).where(
        connectors.c.station_id == station_id,
        connectors.c.evse_id == evse_id,
        connectors.c.in_service_from <= now,
        sa.or_(connectors.c.in_service_to.is_(None), connectors.c.in_service_to > now),
    )
    used = sa.select(going.c.station_id).filter_by(station_id=station_id, evse_or_connector=str(evse_id))
    with engine.connect() as connection:
        row = connection.execute(placed).mappings().first()
        plugs = list(connection.execute(there.order_by(connectors.c.connector_id)).mappings())
        is_used = connection.execute(used.limit(1)).first() is not None
    is_online = bool(stations_online(engine, now, [station_id]))
    if row is None or not plugs:
        return None
    town = " ".join(filter(None, (row["post_code"], row["city"])))
    return Evse(
        station_id,
        evse_id,
        plugs[0]["connector_id"],
        row["station_name"] or station_id,
        row["site_id"],
        row["site_name"],
        ", ".join(filter(None, (row["address"], town))),
        row["time_zone"],
        row["currency"],
        row["operator_id"],
        row["operator_name"],
        "de" if row["language"] == "de" else "en",
        tuple(dict.fromkeys(_plug(plug["standard"], plug["power_type"]) for plug in plugs)),
        max(plug["rated_power_w"] for plug in plugs),
        "offline" if not is_online else "used" if is_used else "free",
    )


def contract_at(engine: sa.Engine, driver_id: str, evse: Evse, now: datetime) -> str | None:
    """The contract by which a driver charges at `evse`: one in force, first one with its operator; None: ad hoc."""
    found = [row for row in contracts_of(engine, driver_id, now) if row.currency == evse.currency]
    found.sort(key=lambda row: (row.operator_id != evse.operator_id, row.contract_id))
    return found[0].contract_id if found else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract of a driver."""

    contract_id: str
    operator_id: str
    currency: str


def contracts_of(engine: sa.Engine, driver_id: str, at: datetime | None = None) -> list[Agreement]:
    """The contracts of a driver: those in force `at` a time, or all there ever were."""
    rows = table("registry", "contracts")
    mine = sa.select(rows.c.contract_id, rows.c.operator_id, rows.c.currency).where(rows.c.driver_id == driver_id)
    if at is not None:
        mine = mine.where(rows.c.valid_from <= at, sa.or_(rows.c.valid_to.is_(None), rows.c.valid_to > at))
    with engine.connect() as connection:
        return [Agreement(*row) for row in connection.execute(mine.order_by(rows.c.contract_id))]


def _plug(standard: str | None, power_type: str) -> str:
    if standard is None:
        return "DC" if power_type == "DC" else "AC"
    return _PLUGS.get(standard, standard.replace("_", " "))
