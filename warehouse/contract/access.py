"""`access`: what collectors tell each other of who charges now. It changes by the minute: state database."""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

TRANSACTIONS = Table(
    "access",
    "transactions",
    "one session that goes on, as the collector that holds its station knows it",
    ("station_id", "transaction_id"),
    (
        required("station_id", "VARCHAR", "station"),
        required("transaction_id", "VARCHAR", "OCPP transaction id"),
        required("place", "VARCHAR", "EVSE (2.x) or connector (1.6) of the station"),
        Column("id_token", "VARCHAR", "token it was started with", nullable=False, personal=True),
        required("started_at", "TIMESTAMPTZ", "when it was let in"),
        required("collector_id", "VARCHAR", "collector that holds the station"),
        optional("token_group", "VARCHAR", "group it counts for"),
        optional("contract_id", "VARCHAR", "contract it counts for"),
        optional("driver_id", "VARCHAR", "driver it counts for"),
    ),
    home=Home.STATE,
)

TABLES = (TRANSACTIONS,)
