"""The checks made from the contract find what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.priced_warehouse import build
from warehouse.contract import BY_NAME, TABLES
from warehouse.contract.checks import checks_of
from warehouse.store import Lake, open_lake


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with open_lake(build(tmp_path_factory.mktemp("home"))) as lake:
        yield lake


def failures(lake: Lake) -> dict[str, int]:
    found = {}
    for table in TABLES:
        for check in checks_of(table):
            row = lake.con.execute(check.sql).fetchone()
            assert row is not None
            if row[0]:
                found[f"{table.full_name}:{check.name}"] = row[0]
    return found


def test_sound_tables_pass(home: Lake) -> None:
    assert failures(home) == {}


def test_each_kind_of_breach_is_counted(home: Lake) -> None:
    with home.write("break it") as con:
        con.execute("INSERT INTO lake.core.sessions SELECT * REPLACE ('lost' AS state) FROM lake.core.sessions LIMIT 2")
        con.execute("ALTER TABLE lake.mart.revenue_days DROP COLUMN rated_wh")
        con.execute("ALTER TABLE lake.mart.revenue_days ADD COLUMN rated_wh DOUBLE")
        con.execute("ALTER TABLE lake.ops.faults ALTER COLUMN kind DROP NOT NULL")
        con.execute("INSERT INTO lake.ops.faults VALUES ('f', NULL, NULL, NULL, '{}', now(), now())")
    assert failures(home) == {
        "core.sessions:key_unique": 2,
        "core.sessions:state_allowed": 2,
        "mart.revenue_days:no_nulls": 1,
        "mart.revenue_days:types_as_declared": 1,
        "ops.faults:no_nulls": 1,
    }


def test_a_table_of_the_registry_has_checks_too(tmp_path: Path) -> None:
    names = [check.name for check in checks_of(BY_NAME["registry.tokens"])]
    assert names == ["key_unique", "no_nulls", "token_type_allowed", "ocpp_type_allowed", "status_allowed"]
