"""SQLAlchemy tables of the state database, made from the contract.

Instants, days, exact decimals and JSON are kept as text in one spelling (ISO 8601 in UTC, plain decimals), so that
SQLite and PostgreSQL hold the same bytes and DuckDB's scanner loses nothing: the views over them cast.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from warehouse.contract import STATE_TABLES, Column


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as `2026-01-31T12:00:00.000000+00:00`: text order is time order."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else datetime.fromisoformat(value)


class Day(TypeDecorator[date]):
    """A date, kept as `2026-01-31`."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> date | None:  # noqa: ARG002
        return None if value is None else date.fromisoformat(value)


class Exact(TypeDecorator[Decimal]):
    """A decimal, kept as plain digits."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else Decimal(value)


_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "VARCHAR": sa.Text,
    "JSON": sa.Text,
    "BIGINT": sa.BigInteger,
    "INTEGER": sa.Integer,
    "BOOLEAN": sa.Boolean,
    "DOUBLE": sa.Double,
    "DATE": Day,
    "TIMESTAMPTZ": Instant,
}


def _sql_type(column: Column) -> type[sa.types.TypeEngine[Any]]:
    return Exact if column.type.startswith("DECIMAL") else _TYPES[column.type]


@cache
def metadata() -> sa.MetaData:
    """All state tables. A table `registry.sites` is kept as `registry_sites`: SQLite has no schemas."""
    meta = sa.MetaData()
    for declared in STATE_TABLES:
        sa.Table(
            f"{declared.schema}_{declared.name}",
            meta,
            *(
                sa.Column(
                    column.name,
                    _sql_type(column)(),
                    primary_key=column.name in declared.key,
                    nullable=column.nullable,
                    autoincrement=False,
                )
                for column in declared.columns
            ),
            *(sa.UniqueConstraint(*columns) for columns in declared.unique),
        )
    _add_indexes(meta)
    return meta


def _add_indexes(meta: sa.MetaData) -> None:
    """Ways to find rows, and the keys that hold for some rows only: what the contract does not say."""
    items, allocations, payments, documents = (
        meta.tables[f"billing_{name}"] for name in ("collection_items", "allocations", "payments", "documents")
    )
    not_returned = sa.text("state <> 'returned'")
    sa.Index(
        "billing_collection_items_once",
        items.c.document_id,
        unique=True,
        sqlite_where=not_returned,
        postgresql_where=not_returned,
    )
    _add_owner_indexes(meta)
    commands = meta.tables["remote_commands"]
    sa.Index("remote_commands_state", commands.c.state, commands.c.station_id)
    starts = meta.tables["access_starts"]
    sa.Index("access_starts_state", starts.c.state)
    sa.Index("access_starts_payment", starts.c.payment_id)
    sa.Index("access_starts_driver", starts.c.driver_id)
    sa.Index("billing_allocations_document", allocations.c.document_id)
    sa.Index("billing_payments_contract", payments.c.operator_id, payments.c.contract_id)
    sa.Index("billing_documents_contract", documents.c.operator_id, documents.c.contract_id)


def _add_owner_indexes(meta: sa.MetaData) -> None:
    """One statement stands for a month of an owner, and one payout that has not come back pays it."""
    statements, items = (meta.tables[f"billing_{name}"] for name in ("owner_documents", "owner_payout_items"))
    stands, not_returned = sa.text("kind = 'statement' AND status = 'issued'"), sa.text("state <> 'returned'")
    sa.Index(
        "billing_owner_documents_once",
        *(statements.c[name] for name in ("operator_id", "owner_id", "month", "currency")),
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )
    sa.Index(
        "billing_owner_payout_items_once",
        items.c.document_id,
        unique=True,
        sqlite_where=not_returned,
        postgresql_where=not_returned,
    )


def table(schema: str, name: str) -> sa.Table:
    """The SQLAlchemy table of `schema.name`."""
    return metadata().tables[f"{schema}_{name}"]
