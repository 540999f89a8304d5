"""`kwhouse key`, `registry changes`, `extract --as-owner`, and commands that ask a key, as people type them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.main import get_command
from typer.testing import CliRunner, Result

from kwhouse import app
from tests import small_warehouse
from tests.small_warehouse import FIRST, LAST
from warehouse.errors import KwhouseError, QueryError, SessionUnknown
from warehouse.people.guard import asking, guarded
from warehouse.people.keys import Grant, make_key, principal_of
from warehouse.people.roles import NotAllowed, Permission, Role
from warehouse.people.sites import NobodyThere
from warehouse.registry.changes import Author
from warehouse.settings import Settings
from warehouse.state import open_state, opened, table

ROOT = Path(__file__).parents[2]
EXTRACT = ("extract", "sessions", "--from", FIRST.isoformat(), "--to", LAST.isoformat())


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


Asked = Callable[..., str]


@pytest.fixture
def asked(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asked:
    """Runs a command with a key of these roles, as `main` does; gives what it printed."""
    command = guarded(get_command(app))

    def run(grant: Grant, *arguments: str) -> str:
        with opened(settings) as engine:
            key = make_key(engine, "ada", grant, Author("me", "test"))
        monkeypatch.setenv("KWHOUSE_COMMAND_KEY", key)
        capsys.readouterr()
        command.main(list(arguments), standalone_mode=False)
        assert asking() is None
        return capsys.readouterr().out

    return run


def test_a_key_runs_what_its_roles_may(asked: Asked, tmp_path: Path) -> None:
    analyst, finance = Grant([Role.ANALYST]), Grant([Role.FINANCE])
    with pytest.raises(NotAllowed, match=r"ada \(\w+\) may not do this: it takes the scope registry:write"):
        asked(analyst, "registry", "apply", str(tmp_path))
    with pytest.raises(NotAllowed, match="billing:write"):
        asked(analyst, "invoice", "issue")
    with pytest.raises(NotAllowed, match="stations:operate"):
        asked(finance, "station", "rotate", "market-01")
    with pytest.raises(NotAllowed, match="billing:read"):
        asked(analyst, *EXTRACT, "-o", str(tmp_path / "o.csv"), "--as-owner", "o1")
    with pytest.raises(NotAllowed, match="reports:read"):
        asked(Grant([Role.ANALYST], scopes=[Permission.READ_STATIONS]), "sql", "SELECT 1")
    sites = "SELECT count(DISTINCT site_id) AS sites FROM core.sessions"
    assert json.loads(asked(analyst, "sql", sites, "--format", "json")) == [{"sites": 3}]


def test_a_key_s_sites_are_all_that_it_is_shown(asked: Asked, tmp_path: Path) -> None:
    some = Grant([Role.ADMIN], site_ids=["market"])
    sites = "SELECT DISTINCT site_id FROM core.sessions"
    assert json.loads(asked(some, "sql", sites, "--format", "json", "--personal")) == [{"site_id": "market"}]
    for behind in ("lake.core.sessions", "ducklake_table_insertions('lake', 'core', 'sessions', 0, 9)"):
        with pytest.raises(QueryError, match="behind the tables"):
            asked(some, "sql", f"SELECT count(*) FROM {behind}")
    asked(some, *EXTRACT, "-o", str(tmp_path / "s.csv"))
    with (tmp_path / "s.csv").open(encoding="utf-8", newline="") as file:
        assert {row["site_id"] for row in csv.DictReader(file)} == {"market"}
    everywhere = "SELECT site_id, max(session_id) AS session_id FROM core.sessions GROUP BY site_id"
    found = json.loads(asked(Grant([Role.ANALYST]), "sql", everywhere, "--format", "json"))
    ids = {row["site_id"]: row["session_id"] for row in found}
    assert ids["market"] in asked(some, "session", "explain", ids["market"], "--json")
    with pytest.raises(SessionUnknown):
        asked(some, "session", "explain", ids["harbour"])
    assert {row["site"] for row in json.loads(asked(some, "station", "list", "--json"))} == {"Market Hall"}
    with pytest.raises(NotAllowed, match="some sites only, and `kwhouse token list` is about all"):
        asked(some, "token", "list")
    with pytest.raises(NotAllowed, match="leave --as-owner away"):
        asked(some, *EXTRACT, "-o", str(tmp_path / "o.csv"), "--as-owner", "o1")


def test_without_the_scope_nothing_personal_is_shown(asked: Asked) -> None:
    names = ("sql", "SELECT name FROM registry.site_owners", "--personal", "--format", "json")
    assert json.loads(asked(Grant([Role.FINANCE]), *names)) == [{"name": "Olga"}]
    assert json.loads(asked(Grant([Role.ANALYST]), *names)) == [{"name": None}]


def test_records_bear_whose_key_it_was(asked: Asked, settings: Settings) -> None:
    operator = Grant([Role.OPERATOR])
    asked(operator, "token", "add", "T-KEY-1")
    asked(operator, "token", "add", "T-KEY-2", "--by", "bob")
    with opened(settings) as engine, engine.connect() as connection:
        rows = table("registry", "changes")
        query = sa.select(rows.c.changed_by).where(rows.c.table_name == "tokens").order_by(rows.c.change_id)
        first, second = connection.scalars(query)
    assert first.startswith("API key ada (")
    assert second.startswith("bob (API key ada (")


def test_a_key_that_is_not_good_runs_nothing(settings: Settings) -> None:
    run = partial(subprocess.run, capture_output=True, text=True, check=False, cwd=ROOT)
    environment = {
        **os.environ,
        "KWHOUSE_HOME": str(settings.home),
        "KWHOUSE_COMMAND_KEY": f"kwh_{'0' * 12}_{'0' * 64}",
    }
    done = run([sys.executable, "-m", "kwhouse", "sql", "SELECT 1"], env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("kwhouse: KWHOUSE_COMMAND_KEY holds no key that is good.")
