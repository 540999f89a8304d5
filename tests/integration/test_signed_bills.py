"""What a meter has signed goes before other evidence in bills, and a policy may demand it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.homes import new_home
from tests.integration.billing_world import World
from warehouse.settings import Settings
from warehouse.store import open_lake

BY_NIGHT = (
    '[{"price_components": [{"type": "ENERGY", "price": 0.20, "vat": 19, "step_size": 1}],'
    ' "restrictions": {"start_time": "22:00", "end_time": "06:00"}},'
    ' {"price_components": [{"type": "ENERGY", "price": 0.40, "vat": 19, "step_size": 1}]}]'
)
BY_TIME = '[{"price_components": [{"type": "TIME", "price": 6, "vat": 19, "step_size": 60}]}]'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_lake(Settings(home=new_home(tmp_path))) as lake:
        yield World(lake).basic()


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[World]:
    with open_lake(Settings(home=new_home(tmp_path), signed_policy="require_where_signed")) as lake:
        yield World(lake).basic()


def sign(world: World, session_id: str = "s1", **changes: Any) -> None:
    row: dict[str, Any] = {
        "session_id": session_id,
        "station_id": "station",
        "verdict": "valid",
        "reason": "",
        "energy_wh": Decimal(9_900),
        "billable": True,
        "time_billable": True,
        "is_compensated": False,
        "records": 2,
        **changes,
    }
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    world.write()
    with world.lake.write("test") as con:
        con.execute(f"INSERT INTO lake.core.signed_sessions ({names}) VALUES ({marks})", list(row.values()))


def test_signed_energy_is_billed_before_the_registers(world: World) -> None:
    world.session()
    world.run()
    sign(world)
    world.run()
    assert world.rows("SELECT energy_wh, total_excl_vat FROM billing.cdrs") == [(Decimal(9_900), Decimal("2.9700"))]


def test_a_signature_that_does_not_hold_leaves_the_other_evidence(world: World) -> None:
    world.session()
    sign(world, verdict="invalid", reason="the signature does not match", billable=False, time_billable=False)
    world.run()
    assert world.rows("SELECT energy_wh FROM billing.cdrs") == [(Decimal(10_000),)]


def test_where_signed_values_are_required_the_reason_stands_on_the_work_list(strict: World) -> None:
    strict.session()
    sign(strict, verdict="invalid", reason="the signature does not match", billable=False, time_billable=False)
    strict.run()
    assert strict.rows("SELECT * FROM billing.cdrs") == []
    [(evidence,)] = strict.rows("SELECT evidence FROM ops.faults WHERE kind = 'unpriced'")
    assert "the signature does not match" in evidence


def test_a_clock_that_the_meter_does_not_vouch_for_prices_no_time(world: World) -> None:
    world.tariff("T", 1, BY_TIME)
    world.session()
    sign(world, reason="its clock is not set", time_billable=False)
    world.run()
    assert world.rows("SELECT * FROM billing.cdrs") == []
    [(evidence,)] = world.rows("SELECT evidence FROM ops.faults WHERE kind = 'unpriced'")
    assert "its clock is not set" in evidence


def test_periods_of_a_restricted_tariff_add_up_to_the_signed_energy(world: World) -> None:
    world.tariff("T", 1, BY_NIGHT)
    world.session(start="2019-05-10T19:30:00+00:00")  # 21:30 in Berlin
    sign(world, energy_wh=Decimal("9900.5"))
    world.write()
    with world.lake.write("test") as con:
        con.execute(
            "INSERT INTO lake.core.energy_steps BY NAME SELECT 's1' AS session_id, n + 1 AS step_no,"
            " 'station' AS station_id,"
            " 'site' AS site_id, 1 AS evse_id, 1 AS connector_id, true AS measured, 5000 AS energy_wh,"
            " TIMESTAMPTZ '2019-05-10 19:30:00+00' + n * INTERVAL 30 MINUTE AS from_at,"
            " TIMESTAMPTZ '2019-05-10 20:00:00+00' + n * INTERVAL 30 MINUTE AS to_at FROM range(2) AS steps(n)"
        )
    world.run()
    lines = world.rows("SELECT price, quantity FROM billing.cdr_lines ORDER BY price")
    assert [price for price, _ in lines] == [Decimal("0.200000"), Decimal("0.400000")]
    # 9,900.5 Wh are billed by the whole Wh: the step lifts the last period.
    assert sum(quantity for _, quantity in lines) == Decimal("9.901000")
    assert lines[1][1] == Decimal("4.950250")
