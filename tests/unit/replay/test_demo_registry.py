"""The demo's registry files fit the contract and each other."""

from __future__ import annotations

import csv

import pytest
import yaml

from ingest.fleet.simulated_registry import write_registry as write_simulated
from ingest.fleet.simulator import Fleet
from ingest.replay import made_up
from ingest.replay.demo_registry import refuse_other_registry, write_demo_registry
from ingest.replay.workload import registered_ratings
from warehouse.contract import registry
from warehouse.errors import InputError
from warehouse.registry import apply
from warehouse.settings import load_settings

pytestmark = pytest.mark.fast

TABLES = {table.name: table for table in registry.DECLARED}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_demo_registry(folder, made_up.demo_workload())
    found = {}
    for path in folder.iterdir():
        text = path.read_text()
        found[path.stem] = list(csv.DictReader(text.splitlines())) if path.suffix == ".csv" else yaml.safe_load(text)
    return found


def test_each_file_is_a_table_with_its_columns(rows):
    # Its stations are made up: nothing is known of models, firmware and meters, nobody owns the ground, subscribes or
    # is limited.
    unknown = {
        "access_rules",
        "station_profiles",
        "meter_keys",
        "plans",
        "subscriptions",
        "site_owners",
        "owner_contracts",
    }
    assert rows.keys() == TABLES.keys() - unknown
    for name, entries in rows.items():
        needed = {column.name for column in TABLES[name].columns if not column.nullable}
        for row in entries:
            assert needed <= row.keys() <= TABLES[name].by_name.keys(), name
            assert made_up.NOTE in row["note"]


def test_stations_and_their_times_in_service(rows):
    assert len(rows["stations"]) == len({row["station_id"] for row in rows["stations"]}) == 107
    service = [row for row in rows["connectors"] if row["station_id"] == "CA-303"]
    assert [row["in_service_from"][:7] for row in service] == ["2019-05", "2020-02", "2021-05"]
    # the last vehicle of 2019 left at 16:05 on New Year's Day, from another station; CA-303 was free by then
    assert {row["in_service_to"] for row in service} >= {"2021-09-01T07:00:00Z"}
    assert {row["rated_power_w"] for row in rows["connectors"]} == {"7200", "50000"}


def test_every_card_that_charges_is_known_and_300_to_450_contracts_pay(rows):
    tokens = {row["id_token"] for row in rows["tokens"]}
    for shifts in made_up.demo_workload().shifts.values():
        assert {s.id_token for shift in shifts for s, _ in shift.sessions} <= tokens
    contracts = {row["contract_id"] for row in rows["contracts"]}
    assert 300 <= len(contracts) <= 450
    assert {row["contract_id"] for row in rows["tokens"] if row["contract_id"]} == contracts
    assert {row["driver_id"] for row in rows["contracts"]} == {row["driver_id"] for row in rows["drivers"]}
    assert {row["tariff_id"] for row in rows["tariff_assignments"]} == {row["tariff_id"] for row in rows["tariffs"]}


def test_the_files_can_be_applied_and_give_the_ratings(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    write_demo_registry(tmp_path / "registry", made_up.demo_workload())
    assert apply(settings, tmp_path / "registry").tables["stations"].added == 107
    assert not apply(settings, tmp_path / "registry").changed
    ratings = registered_ratings(settings)
    assert (len(ratings), ratings["11900388", 1, 1], ratings["AG-1F01", 1, 1]) == (107, 50_000, 7_200)


def test_a_folder_with_somebody_elses_registry_is_refused(tmp_path):
    settings = load_settings(home=tmp_path)
    refuse_other_registry(settings)
    write_demo_registry(tmp_path / "registry", made_up.demo_workload())
    apply(settings, tmp_path / "registry")
    refuse_other_registry(settings)
    write_simulated(tmp_path / "simulated", Fleet(stations=1))
    other = load_settings(home=tmp_path / "other")
    apply(other, tmp_path / "simulated")
    with pytest.raises(InputError, match="KWHOUSE_HOME"):
        refuse_other_registry(other)
