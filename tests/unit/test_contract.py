"""The contract: exact types, pages and migrations that follow from it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from warehouse.contract import BY_NAME, STATE_TABLES, TABLES
from warehouse.contract.model import Column, Home, Table, required
from warehouse.contract.reference import SCHEMAS, pages
from warehouse.contract.schemas import polars_schema

pytestmark = pytest.mark.fast

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", ["tables.md", "settings.md", "extracts.md"])
def test_committed_reference_pages_are_current(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == pages()[name], "run `make docs` and commit the pages"


def test_money_and_energy_are_exact() -> None:
    inexact = [
        f"{table.full_name}.{column.name}"
        for table in TABLES
        for column in table.columns
        if column.unit in ("currency", "Wh", "W") and not column.type.startswith(("DECIMAL", "BIGINT"))
    ]
    # A forecast is an estimate with bands, never billed.
    assert [name for name in inexact if not name.startswith("forecast.")] == []


def test_energy_columns_say_their_unit_in_the_name() -> None:
    for table in TABLES:
        for column in table.columns:
            if column.unit == "Wh":
                assert "_wh" in column.name, f"{table.full_name}.{column.name}"
            if column.unit == "s":
                assert column.name.endswith("_seconds"), f"{table.full_name}.{column.name}"


def test_the_same_column_name_has_the_same_type_everywhere() -> None:
    kinds: dict[str, set[str]] = {}
    for table in TABLES:
        for column in table.columns:
            kinds.setdefault(column.name, set()).add(column.type)
    # The name of a thing that is counted or measured per schema may differ in width only.
    assert {name: found for name, found in kinds.items() if len(found) > 1 and "DECIMAL" not in str(found)} == {}


def test_references_name_columns_that_exist() -> None:
    for table in TABLES:
        for column in table.columns:
            if column.references:
                name, _, target = column.references.partition(".")
                assert BY_NAME[f"{table.schema}.{name}"].by_name[target].type == column.type


def test_every_schema_is_described() -> None:
    assert set(SCHEMAS) == {table.schema for table in TABLES}


def test_polars_schema_is_lossless() -> None:
    schema = polars_schema(BY_NAME["core.sessions"])
    assert schema["energy_wh"] == pl.Decimal(18, 6)
    assert schema["started_at"] == pl.Datetime("us", "UTC")
    assert schema["flags"] == pl.List(pl.String())


def test_a_declaration_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="type HUGEINT is not one the contract knows"):
        required("total", "HUGEINT", "too large")
    with pytest.raises(ValueError, match="unknown key"):
        Table("mart", "x", "one thing", ("id",), ())
    with pytest.raises(ValueError, match="personal data belong in the state database"):
        Table("mart", "x", "one thing", (), (Column("name", "VARCHAR", "name", personal=True),))


def test_personal_data_stand_only_in_the_state_database() -> None:
    assert all(table.home is Home.STATE for table in TABLES if any(column.personal for column in table.columns))
    assert {table.schema for table in STATE_TABLES} == {"registry", "billing", "access", "remote"}
