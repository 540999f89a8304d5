"""`kwhouse key`, `kwhouse registry changes` and `kwhouse extract --as-owner`, as people type them."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from kwhouse import app
from tests import small_warehouse
from tests.small_warehouse import FIRST, LAST
from warehouse.errors import KwhouseError
from warehouse.people.keys import principal_of
from warehouse.people.roles import NotAllowed, Permission
from warehouse.people.sites import NobodyThere
from warehouse.settings import Settings
from warehouse.state import open_state, opened, table


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The small warehouse, the market's ground owned by o1."""
    made = small_warehouse.build(tmp_path_factory.mktemp("people"))
    engine = open_state(made)
    owner = {"owner_id": "o1", "name": "Olga", "invoicing": "self_billed"}
    terms = {"currency": "EUR", "revenue_share_percent": 10, "rent_per_month": 0}
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    agreement = {"owner_contract_id": "a", "owner_id": "o1", "site_id": "market", "valid_from": begin, **terms}
    with engine.begin() as connection:
        connection.execute(sa.insert(table("registry", "site_owners")), owner)
        connection.execute(sa.insert(table("registry", "owner_contracts")), agreement)
    engine.dispose()
    return made


@pytest.fixture(autouse=True)
def _home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(settings.home))


def kwhouse(*arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    if isinstance(done.exception, KwhouseError):
        raise done.exception  # what `main` tells and exits with
    return done


def test_a_key_is_made_used_listed_and_revoked(settings: Settings) -> None:
    made = json.loads(kwhouse("key", "add", "BI tool", "--role", "site_owner", "--owner", "o1", "--json").stdout)
    with opened(settings) as engine:
        who = principal_of(engine, made["key"])
        assert who is not None
        assert (who.sites, who.may(Permission.READ_REPORTS)) == ({"market"}, True)
        assert made["key_id"] in kwhouse("key", "list").stdout
        assert kwhouse("key", "revoke", made["key_id"], "--by", "bob").exit_code == 0
        assert principal_of(engine, made["key"]) is None
    secret = made["key"].split("_")[2]
    told = kwhouse("registry", "changes", "--table", "api_keys").stdout
    assert secret not in told
    assert "bob (key revoke)" in told
    assert "revoked_at: – →" in told
    (newest, *_) = json.loads(kwhouse("registry", "changes", "--limit", "1", "--json").stdout)
    assert (newest["table_name"], newest["row_key"], newest["change"]) == ("api_keys", [made["key_id"]], "changed")


def test_wrong_roles_and_scopes_are_wrong_usage() -> None:
    assert kwhouse("key", "add", "x", "--role", "chef").exit_code == 2
    assert kwhouse("key", "add", "x", "--role", "analyst", "--scope", "everything").exit_code == 2
    assert kwhouse("key", "add", "x").exit_code == 2


def test_a_change_of_a_station_s_password_is_told_without_it(settings: Settings) -> None:
    made = json.loads(kwhouse("station", "password", "market-01", "--json").stdout)
    (change,) = json.loads(kwhouse("registry", "changes", "--table", "station_credentials", "--json").stdout)
    assert change["row_key"] == ["market-01"]
    assert made["password"] not in str(change)
    assert "hash" not in str(change)


def test_an_owner_s_extract_holds_their_sites_only(tmp_path: Path) -> None:
    days = ("--from", FIRST.isoformat(), "--to", LAST.isoformat())
    done = kwhouse("extract", "sessions", *days, "-o", str(tmp_path / "s.csv"), "--as-owner", "o1")
    assert done.exit_code == 0
    with (tmp_path / "s.csv").open(encoding="utf-8", newline="") as file:
        assert {row["site_id"] for row in csv.DictReader(file)} == {"market"}
    with pytest.raises(KwhouseError, match="no site 'harbour'; there are market"):
        kwhouse("extract", "sessions", *days, "-o", str(tmp_path / "h.csv"), "--as-owner", "o1", "--site", "harbour")
    with pytest.raises(NotAllowed, match="billing:read"):
        kwhouse("extract", "invoices", *days, "-o", str(tmp_path / "i.csv"), "--as-owner", "o1")
    with pytest.raises(NobodyThere, match="no owner o2"):
        kwhouse("extract", "sessions", *days, "-o", str(tmp_path / "o.csv"), "--as-owner", "o2")
    assert [file.name for file in tmp_path.iterdir()] == ["s.csv"]
