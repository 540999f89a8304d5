"""Polars schemas from the contract."""

from __future__ import annotations

import re

import polars as pl

from warehouse.contract.model import Column, Table

_SIMPLE: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "JSON": pl.String(),
    "BIGINT": pl.Int64(),
    "INTEGER": pl.Int32(),
    "BOOLEAN": pl.Boolean(),
    "DOUBLE": pl.Float64(),
    "DATE": pl.Date(),
    "TIMESTAMPTZ": pl.Datetime("us", "UTC"),
}


def polars_type(column: Column) -> pl.DataType:
    """The Polars type that holds the column without loss."""
    name, is_list = column.type.removesuffix("[]"), column.type.endswith("[]")
    decimal = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name)
    kind = pl.Decimal(int(decimal[1]), int(decimal[2])) if decimal else _SIMPLE[name]
    return pl.List(kind) if is_list else kind


def polars_schema(table: Table) -> pl.Schema:
    """Column names and Polars types, in the contract's order."""
    return pl.Schema({column.name: polars_type(column) for column in table.columns})
