"""CDRs of others from the file to the work list, the same in any number of steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import kwhouse
from ingest.importing.cdrs import import_cdrs
from pipelines.billing.received import stage
from pipelines.stages import run_stage
from tests.integration.billing_world import World
from tests.pipeline import bring_up_to_date
from tests.unit.test_received_cdrs import CDR
from warehouse.extracts import extract_bytes
from warehouse.settings import Settings
from warehouse.store import open_lake
from warehouse.store.landing import register_landed

ROWS = "SELECT * FROM billing.received_cdrs ORDER BY ALL"
FAULTS = "SELECT * FROM ops.faults WHERE kind = 'received_cdr' ORDER BY ALL"
JANUARY = (date(2026, 1, 1), date(2026, 2, 1))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_lake(Settings(home=tmp_path_factory.mktemp("home"))) as lake:
        yield World(lake)


def sent(number: int, **changes: Any) -> dict[str, Any]:
    place = {"id": "L1", "evse_uid": "E77", "evse_id": "DE*ABC*E77", "connector_id": "1"}
    base = {"country_code": "DE", "party_id": "abc", "cdr_location": place, "total_time": 1, "id": f"cdr-{number}"}
    return {**CDR, **base, **changes}


def take_in(world: World, folder: Path, name: str, *cdrs: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps(cdrs))
    assert import_cdrs(world.lake.settings, [str(folder / name)]).exit_status == 0
    register_landed(world.lake)
    world.write()
    run_stage(world.lake, stage.STAGE)


def test_from_the_file_to_the_work_list(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(world, tmp_path, "a.json", sent(1), sent(2, total_cost={"excl_vat": 6}), sent(3, tariffs=[]))
    verdicts = "SELECT received_cdr_id, version_no, verdict, site_id FROM billing.received_cdrs ORDER BY ALL"
    assert world.rows(verdicts) == [
        ("DE*ABC*cdr-1", 1, "agrees", None),
        ("DE*ABC*cdr-2", 1, "differs", None),
        ("DE*ABC*cdr-3", 1, "not_priceable", None),
    ]
    # Later: one again, one that says something else, a credit CDR; and the station is declared.
    minus = {"excl_vat": -5.003, "incl_vat": -6.0036}
    credit = sent(4, id="cdr-1-C", credit=True, credit_reference_id="cdr-1", total_cost=minus)
    world.set("sites", ["site"], operator_id="O", name="Site", time_zone="Europe/Berlin", country_code="DE")
    world.set("stations", ["E77"], site_id="site")
    other = sent(1, total_cost={"excl_vat": 1}, last_updated="2026-03-01T00:00:00Z")
    take_in(world, tmp_path, "b.json", sent(2, total_cost={"excl_vat": 6}, last_updated="2026-03-01T00:00:00Z"))
    take_in(world, tmp_path, "c.json", other, credit)
    assert world.rows(verdicts) == [
        ("DE*ABC*cdr-1", 1, "agrees", "site"),
        ("DE*ABC*cdr-1", 2, "refused", "site"),
        ("DE*ABC*cdr-1-C", 1, "agrees", "site"),
        ("DE*ABC*cdr-2", 1, "differs", "site"),
        ("DE*ABC*cdr-3", 1, "not_priceable", "site"),
    ]
    assert sorted(json.loads(row[4])["cdr"] for row in world.rows(FAULTS)) == ["DE*ABC*cdr-1", "DE*ABC*cdr-2"]

    rows = json.loads(extract_bytes(world.lake, "received_cdrs", *JANUARY, "json", ["site"]))
    standing = [row for row in rows if row["verdict"] == "agrees"]
    assert sum(Decimal(row["sent_excl_vat"]) for row in standing) == 0
    assert {row["local_date"] for row in rows} == {"2026-01-12"}

    monkeypatch.setenv("KWHOUSE_HOME", str(world.lake.settings.home))
    result = CliRunner().invoke(kwhouse.app, ["cdr", "list", "--verdict", "differs", "--verdict", "agrees"])
    assert result.exit_code == 1
    assert "DE*ABC*cdr-2  2026-01-12  6.0000 EUR  6.0000 before VAT, by its tariff 5.0030  (a.json:2)" in result.stdout
    result = CliRunner().invoke(kwhouse.app, ["cdr", "list", "--verdict", "not_priceable", "--json"])
    assert (result.exit_code, len(json.loads(result.stdout))) == (0, 1)

    steps = (world.rows(ROWS), world.rows(FAULTS))
    run_stage(world.lake, stage.STAGE, full=True)
    assert (world.rows(ROWS), world.rows(FAULTS)) == steps, "a rebuild gives the same"


def test_a_session_is_that_of_the_cdr_that_stands(tmp_path: Path) -> None:
    with open_lake(Settings(home=tmp_path / "home")) as lake:
        later = {"last_updated": "2026-03-01T00:00:00Z"}
        for name, cdr in (("b", sent(1, total_energy=30, **later)), ("a", sent(1)), ("c", sent(2, **later))):
            (tmp_path / f"{name}.json").write_text(json.dumps(cdr))
            import_cdrs(lake.settings, [str(tmp_path / f"{name}.json")])
        bring_up_to_date(lake)
        found = lake.con.execute("SELECT external_session_id, energy_wh FROM core.sessions ORDER BY 1").fetchall()
        assert found == [("DE*ABC*cdr-1", 20_012), ("DE*ABC*cdr-2", 20_012)]
