"""API keys: what is kept, what opens, and what each change leaves in the audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.homes import new_home
from warehouse.people.keys import Grant, KeyRefused, listing, make_key, principal_of, revoke
from warehouse.people.roles import PERMISSIONS, NotAllowed, Permission, Principal, Role
from warehouse.people.sites import NobodyThere
from warehouse.registry.changes import Author
from warehouse.settings import Settings
from warehouse.state import open_state, table

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = Author("ada", "key add")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Two owners, three sites; the agreement about `south` has ended, the one about `west` is to come."""
    engine = open_state(Settings(home=new_home(tmp_path_factory.mktemp("keys"))))
    terms = {"currency": "EUR", "revenue_share_percent": 10, "rent_per_month": 0}
    with engine.begin() as connection:

        def insert(name: str, rows: list[dict[str, object]]) -> None:
            connection.execute(sa.insert(table("registry", name)), rows)

        place = {"operator_id": "op", "time_zone": "UTC", "country_code": "NL", "currency": "EUR"}
        insert("operators", [{"operator_id": "op", "name": "Op", "country_code": "NL", "party_id": "OPE"}])
        insert("sites", [{"site_id": site, "name": site, **place} for site in ("north", "south", "west")])
        insert(
            "site_owners", [{"owner_id": owner, "name": owner, "invoicing": "self_billed"} for owner in ("o1", "o2")]
        )
        times = {
            "north": (NOW - timedelta(days=9), None),
            "south": (NOW - timedelta(days=9), NOW),
            "west": (NOW + timedelta(days=1), None),
        }
        insert(
            "owner_contracts",
            [
                {"owner_contract_id": site, "owner_id": "o1", "site_id": site, "valid_from": a, "valid_to": b, **terms}
                for site, (a, b) in times.items()
            ],
        )
    yield engine
    engine.dispose()


@pytest.fixture
def engine(registry: sa.Engine) -> Iterator[sa.Engine]:
    """The registry without any key."""
    yield registry
    with registry.begin() as connection:
        connection.execute(sa.delete(table("access", "api_keys")))
        connection.execute(sa.delete(table("registry", "changes")))


def test_a_key_opens_what_it_was_made_for(engine: sa.Engine) -> None:
    scopes = {Permission.READ_REPORTS}
    text = make_key(engine, "BI tool", Grant({Role.FINANCE}, scopes, expires_at=NOW + timedelta(days=1)), ADA, now=NOW)
    found = principal_of(engine, text, now=NOW)
    assert found is not None
    assert found.name == f"API key BI tool ({text.split('_')[1]})"
    assert found.may(Permission.READ_REPORTS)
    assert not found.may(Permission.READ_BILLING)
    assert found.sites is None
    with pytest.raises(NotAllowed, match="billing:read"):
        found.require(Permission.READ_BILLING)


def test_what_is_no_key_opens_nothing(engine: sa.Engine) -> None:
    text = make_key(engine, "BI tool", Grant({Role.ANALYST}, expires_at=NOW + timedelta(days=1)), ADA, now=NOW)
    scheme, key_id, secret = text.split("_")
    other = make_key(engine, "another", Grant({Role.ADMIN}), ADA, now=NOW).split("_")[2]
    wrong = [
        "",
        "kwh_",
        text + "0",
        f" {text}",
        text.upper(),
        f"{scheme}_{key_id}_{other}",
        f"{scheme}_{'0' * 12}_{secret}",
        f"{scheme}_{key_id}_{'é' * 64}",
    ]
    assert [principal_of(engine, one, now=NOW) for one in wrong] == [None] * len(wrong)
    assert principal_of(engine, text, now=NOW + timedelta(days=1)) is None  # expired


def test_a_revoked_key_opens_nothing(engine: sa.Engine) -> None:
    text = make_key(engine, "BI tool", Grant({Role.ANALYST}), ADA, now=NOW)
    key_id = text.split("_")[1]
    assert revoke(engine, key_id, Author("bob", "key revoke"), now=NOW)
    assert principal_of(engine, text, now=NOW) is None
    assert not revoke(engine, key_id, Author("bob", "key revoke"), now=NOW)
    with pytest.raises(KeyRefused, match="no key 000000000000"):
        revoke(engine, "000000000000", ADA)
    assert [row["state"] for row in listing(engine, now=NOW)] == ["revoked"]


def test_neither_the_table_nor_the_audit_holds_the_secret(engine: sa.Engine) -> None:
    text = make_key(engine, "BI tool", Grant({Role.ANALYST}), ADA, now=NOW)
    _, key_id, secret = text.split("_")
    revoke(engine, key_id, Author("bob", "key revoke"), now=NOW)
    with engine.connect() as connection:
        keys = connection.execute(sa.select(table("access", "api_keys"))).mappings().all()
        audit = connection.execute(sa.select(table("registry", "changes"))).mappings().all()
    assert secret not in str(keys)
    (row,) = keys
    assert row["secret_sha256"] not in str(audit)
    told = [(one["table_name"], one["row_key"], one["change"], one["changed_by"], one["source"]) for one in audit]
    assert told == [
        ("api_keys", f'["{key_id}"]', "added", "ada", "key add"),
        ("api_keys", f'["{key_id}"]', "changed", "bob", "key revoke"),
    ]
    assert "secret_sha256" not in listing(engine)[0]


def test_the_newest_day_of_use_is_kept(engine: sa.Engine) -> None:
    text = make_key(engine, "BI tool", Grant({Role.ANALYST}), ADA, now=NOW)
    for hours in (0, 3, 24):
        principal_of(engine, text, now=NOW + timedelta(hours=hours))
    (row,) = listing(engine)
    assert row["last_used_on"] == date(2026, 3, 2)
    with engine.connect() as connection:  # use is no change of the key
        assert len(connection.execute(sa.select(table("registry", "changes"))).all()) == 1


def test_an_owner_sees_the_sites_of_agreements_in_force(engine: sa.Engine) -> None:
    text = make_key(engine, "landlord", Grant({Role.SITE_OWNER}, owner_id="o1"), ADA, now=NOW)
    found = principal_of(engine, text, now=NOW)
    assert found is not None
    assert (found.sites, found.owner_id) == ({"north"}, "o1")
    assert found.sees("north")
    assert not found.sees("south")
    later = principal_of(engine, text, now=NOW + timedelta(days=2))
    assert later is not None
    assert later.sites == {"north", "west"}


def test_an_owner_without_agreement_sees_no_site(engine: sa.Engine) -> None:
    text = make_key(engine, "landlord", Grant({Role.SITE_OWNER}, owner_id="o2"), ADA, now=NOW)
    found = principal_of(engine, text, now=NOW)
    assert found is not None
    assert found.sites == frozenset()


@pytest.mark.parametrize(
    ("grant", "error", "told"),
    [
        (Grant(set()), KeyRefused, "needs a role"),
        (Grant({Role.SITE_OWNER}), KeyRefused, "needs the owner"),
        (Grant({Role.SITE_OWNER}, site_ids=()), KeyRefused, "needs the owner"),
        (Grant({Role.ANALYST}, scopes=()), KeyRefused, "without any scope"),
        (Grant({Role.ANALYST}, {Permission.MANAGE_KEYS}), KeyRefused, "do not have the scope keys:manage"),
        (Grant({Role.ANALYST}, expires_at=NOW), KeyRefused, "expired already"),
        (Grant({Role.SITE_OWNER}, owner_id="o3"), NobodyThere, "no owner o3"),
        (Grant({Role.SITE_OWNER}, site_ids=("north", "nowhere")), NobodyThere, "no site nowhere"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    engine: sa.Engine, grant: Grant, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        make_key(engine, "x", grant, ADA, now=NOW)
    assert listing(engine) == []


@given(
    roles=st.frozensets(st.sampled_from(Role)),
    scopes=st.none() | st.frozensets(st.sampled_from(Permission)),
    asked=st.sampled_from(Permission),
)
def test_scopes_only_narrow(roles: frozenset[Role], scopes: frozenset[Permission] | None, asked: Permission) -> None:
    allowed = any(asked in PERMISSIONS[role] for role in roles)
    who = Principal("x", roles, scopes=scopes)
    assert who.may(asked) == (allowed and (scopes is None or asked in scopes))
