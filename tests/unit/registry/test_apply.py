"""`registry.apply`: what a folder says becomes what the registry says, in one transaction."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from warehouse.contract.registry import DECLARED
from warehouse.errors import RegistryError, StoreMissing
from warehouse.registry import TableChanges, apply, export
from warehouse.settings import Settings
from warehouse.state import table

pytestmark = pytest.mark.fast


def rows(engine: sa.Engine, name: str) -> list[dict[str, object]]:
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table("registry", name))).mappings()]


def test_values_arrive_with_their_types(engine: sa.Engine, folder: Path) -> None:
    report = apply(engine, folder)

    assert report.tables["connectors"] == TableChanges(added=3, changed=0, removed=0, unchanged=0)
    (site,) = rows(engine, "sites")
    assert (site["country_code"], site["latitude"], site["grid_limit_w"]) == ("NO", 59.91, 150_000)
    assert rows(engine, "stations")[1]["note"] == "two lines,\nreally"
    assert rows(engine, "connectors")[0]["in_service_from"] == datetime(2019, 4, 30, 22, tzinfo=UTC)
    assert rows(engine, "tokens")[0]["id_token"] == "0123"
    assert rows(engine, "tax_rates")[0]["rate_percent"] == Decimal("25.0000")
    elements = str(rows(engine, "tariffs")[0]["elements"])
    assert '"price":0.30' in elements
    assert json.loads(elements)[0]["restrictions"] == {
        "start_time": "08:00",
        "end_time": "20:00",
        "day_of_week": ["MONDAY"],
    }


def test_again_changes_nothing(engine: sa.Engine, folder: Path) -> None:
    assert apply(engine, folder).changed
    again = apply(engine, folder)
    assert not again.changed
    assert again.tables["connectors"] == TableChanges(0, 0, 0, 3)


def test_rows_that_left_the_file_are_removed_and_changed_ones_changed(engine: sa.Engine, folder: Path) -> None:
    apply(engine, folder)
    (folder / "connectors.csv").write_text(
        "station_id,evse_id,connector_id,in_service_from,rated_power_w,power_type\n"
        "N-01,1,1,2020-02-01T00:00:00Z,11000,AC_3_PHASE\nN-02,1,1,2019-05-01T00:00:00Z,50000,DC\n"
        "N-02,2,2,2019-05-01T00:00:00Z,50000,DC\n"
    )
    report = apply(engine, folder)
    assert report.tables["connectors"] == TableChanges(added=1, changed=1, removed=1, unchanged=1)
    assert {row["rated_power_w"] for row in rows(engine, "connectors")} == {11_000, 50_000}
    assert "connectors" in str(report)
    assert "1 removed" in str(report)


def test_tables_without_a_file_stay(engine: sa.Engine, folder: Path, tmp_path: Path) -> None:
    apply(engine, folder)
    part = tmp_path / "part"
    part.mkdir()
    (part / "tokens.yaml").write_text("[]")
    with pytest.raises(RegistryError, match=r"tokens.yaml: holds no row and would remove all 1 of tokens"):
        apply(engine, part)
    assert len(rows(engine, "tokens")) == 1
    report = apply(engine, part, allow_removal=True)
    assert report.tables == {"tokens": TableChanges(0, 0, 1, 0)}
    assert len(rows(engine, "stations")) == 2


def test_settings_will_do_for_an_engine(tmp_path: Path, folder: Path) -> None:
    settings = Settings(home=tmp_path / "elsewhere")
    assert apply(settings, folder).changed
    assert not apply(settings, folder).changed


def test_nothing_is_applied_when_anything_is_wrong(engine: sa.Engine, folder: Path) -> None:
    (folder / "tokens.csv").write_text("id_token,token_type,status,valid_from\nX,RFID,asleep,2019-01-01T00:00:00Z\n")
    with pytest.raises(RegistryError):
        apply(engine, folder)
    assert not rows(engine, "operators")


@pytest.mark.parametrize("fmt", ["yaml", "csv"])
def test_export_then_apply_changes_nothing(engine: sa.Engine, folder: Path, tmp_path: Path, fmt: str) -> None:
    apply(engine, folder)
    written = export(engine, tmp_path / "out", fmt)  # type: ignore[arg-type]
    assert [path.name for path in written.files] == [f"{declared.name}.{fmt}" for declared in DECLARED]
    assert not apply(engine, tmp_path / "out").changed
    assert (tmp_path / "out" / f"drivers.{fmt}").stat().st_mode & 0o077 == 0


def test_export_makes_no_home(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="KWHOUSE_HOME"):
        export(Settings(home=tmp_path / "misspelt"), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_export_does_not_leave_two_files_of_one_table(engine: sa.Engine, folder: Path) -> None:
    with pytest.raises(Exception, match=r"already holds .*\.csv"):
        export(engine, folder, "yaml")


def test_a_stored_price_is_not_edited_in_place(engine: sa.Engine, folder: Path) -> None:
    apply(engine, folder)
    tariffs = folder / "tariffs.yaml"
    text = tariffs.read_text()

    tariffs.write_text(text.replace("price: 0.30", "price: 0.300"))
    assert not apply(engine, folder).changed, "the same price in another spelling is no edit"

    tariffs.write_text(text.replace("0.30", "0.31"))
    with pytest.raises(RegistryError, match="make version 2") as refused:
        apply(engine, folder)
    (problem,) = refused.value.problems
    assert (problem.file, problem.field) == ("tariffs.yaml", "elements")

    second = text.replace("version: 1", "version: 2").replace("0.30", "0.31").replace("2019", "2020")
    tariffs.write_text(text + second)
    assert apply(engine, folder).tables["tariffs"] == TableChanges(1, 0, 0, 1)

    tariffs.write_text(
        (text + second).replace(
            "  valid_from: 2019-01-01T00:00:00Z\n",
            "  valid_from: 2019-01-01T00:00:00Z\n  valid_to: 2020-01-01T00:00:00Z\n",
        )
    )
    assert apply(engine, folder).tables["tariffs"] == TableChanges(0, 1, 0, 1), "a version may be ended"


def test_tariffs_are_shown_to_the_pricing_code(engine: sa.Engine, folder: Path) -> None:
    seen = []

    def check(tariff: object) -> list[str]:
        seen.append(tariff)
        return ["has no price for Sundays"]

    with pytest.raises(RegistryError, match=r"tariffs\.yaml:7: elements: has no price for Sundays"):
        apply(engine, folder, check)
    assert seen[0]["elements"][0]["price_components"][0]["price"] == Decimal("0.30")  # type: ignore[index]
    assert seen[0]["currency"] == "NOK"  # type: ignore[index]


def test_five_hundred_tokens_are_taken_at_once(engine: sa.Engine, folder: Path) -> None:
    lines = [
        f"- {{id_token: T{n}, token_type: RFID, contract_id: c1, status: active, valid_from: 2019-01-01T00:00:00Z}}"
        for n in range(500)
    ]
    (folder / "tokens.csv").unlink()
    (folder / "tokens.yaml").write_text("\n".join(lines))
    assert apply(engine, folder).tables["tokens"].added == 500


def test_another_house_does_not_take_the_place_of_this_one(engine: sa.Engine, folder: Path, tmp_path: Path) -> None:
    apply(engine, folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "stations.csv").write_text("station_id,site_id\nSIM-0001,north\nSIM-0002,north\nSIM-0003,north\n")
    with pytest.raises(RegistryError, match=r"stations.csv: holds none of them and would remove all 2 of stations"):
        apply(engine, other)
    assert {row["station_id"] for row in rows(engine, "stations")} == {"N-01", "N-02"}
