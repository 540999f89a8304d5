"""Who a signed-in person is, by what the provider says of them; which pages and extracts each role is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from dashboards.navigation import ENTRIES, shown_to
from tests.homes import new_home
from warehouse.extracts import EXTRACTS
from warehouse.people.claims import SIGNED_IN_FOR, ClaimNames, NoRole, is_fresh, principal_of_claims
from warehouse.people.roles import Permission, Principal, Role
from warehouse.settings import Settings
from warehouse.state import open_state, table

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ClaimNames()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    opened = open_state(Settings(home=new_home(tmp_path_factory.mktemp("claims"))))
    with opened.begin() as connection:
        agreement = {"owner_contract_id": "a", "owner_id": "o1", "site_id": "north", "valid_from": NOW}
        terms = {"currency": "EUR", "revenue_share_percent": 10, "rent_per_month": 0}
        connection.execute(sa.insert(table("registry", "owner_contracts")), {**agreement, **terms})
    yield opened
    opened.dispose()


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"roles": ["analyst"]}, {Role.ANALYST}),
        ({"roles": "finance"}, {Role.FINANCE}),
        ({"roles": ["Finance", "operator", "chef", 7]}, {Role.FINANCE, Role.OPERATOR}),
        ({"roles": ("admin",)}, {Role.ADMIN}),
    ],
)
def test_roles_are_those_of_the_claim_that_are_ours(
    engine: sa.Engine, claims: Mapping[str, object], roles: set[Role]
) -> None:
    who = principal_of_claims(engine, {"sub": "ada", **claims}, NAMES, NOW)
    assert who == Principal("ada", frozenset(roles))


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"sub": "81", "email": "ada@example.com", "name": "bob@example.com"}, "ada@example.com (bob@example.com)"),
        ({"sub": "81", "email": "ada@example.com"}, "ada@example.com"),
        ({"sub": "81", "email": "bob@example.com", "email_verified": False, "name": "Ada"}, "81 (Ada)"),
        ({"sub": "81", "name": "81"}, "81"),
        ({}, "Somebody"),
    ],
)
def test_nobody_chooses_the_name_that_records_bear(engine: sa.Engine, claims: Mapping[str, object], name: str) -> None:
    assert principal_of_claims(engine, {**claims, "roles": "admin"}, NAMES, NOW).name == name


@pytest.mark.parametrize("claims", [{}, {"roles": None}, {"roles": []}, {"roles": {"admin": True}}, {"role": "admin"}])
def test_nobody_without_a_role_gets_in(engine: sa.Engine, claims: Mapping[str, object]) -> None:
    with pytest.raises(NoRole, match=r"ada@example\.com is signed in, but has no role here: the claim 'roles'.*Ask"):
        principal_of_claims(engine, {"email": "ada@example.com", **claims}, NAMES, NOW)


def test_a_claim_may_lie_within_an_object_or_be_called_so(engine: sa.Engine) -> None:
    nested = ClaimNames(roles="realm_access.roles")
    assert principal_of_claims(engine, {"realm_access": {"roles": ["planner"]}}, nested, NOW).roles == {Role.PLANNER}
    named = ClaimNames(roles="https://kwh.example/roles")
    claims = {"https://kwh.example/roles": ["planner"]}
    assert principal_of_claims(engine, claims, named, NOW).roles == {Role.PLANNER}


def test_sites_are_the_owners_and_those_named(engine: sa.Engine) -> None:
    def sites(**claims: object) -> frozenset[str] | None:
        return principal_of_claims(engine, {"roles": ["site-owner"], **claims}, NAMES, NOW).sites

    assert sites(owner_id="o1") == {"north"}
    assert sites(owner_id="o1", sites=["south"]) == {"north", "south"}
    assert sites(sites="south") == {"south"}
    assert sites(owner_id="somebody else") == frozenset()


@pytest.mark.parametrize("roles", [["site_owner"], ["site_owner", "admin"]])
def test_a_site_owner_without_sites_does_not_see_all(engine: sa.Engine, roles: list[str]) -> None:
    with pytest.raises(NoRole, match="needs the claim 'owner_id'"):
        principal_of_claims(engine, {"roles": roles}, NAMES, NOW)


@pytest.mark.parametrize("roles", [["site_owner"], ["admin"]])
@pytest.mark.parametrize(
    "claims", [{"sites": []}, {"sites": ""}, {"sites": None}, {"owner_id": ""}, {"owner_id": None, "sites": []}]
)
def test_a_claim_that_names_no_site_shows_none(
    engine: sa.Engine, roles: list[str], claims: Mapping[str, object]
) -> None:
    with pytest.raises(NoRole, match="limits them to some sites and names none"):
        principal_of_claims(engine, {"roles": roles, **claims}, NAMES, NOW)


def test_the_provider_is_asked_again_after_a_day_of_work() -> None:
    told = NOW.timestamp()
    assert is_fresh({"iat": told}, NOW + SIGNED_IN_FOR - timedelta(seconds=1))
    assert not is_fresh({"iat": told}, NOW + SIGNED_IN_FOR)
    assert not is_fresh({}, NOW)
    assert not is_fresh({"iat": "today"}, NOW)


def pages(*roles: Role, sites: frozenset[str] | None = None) -> list[str]:
    return [entry.name for entry in shown_to(Principal("x", frozenset(roles), sites))]


def test_each_role_is_shown_its_pages() -> None:
    reports = {"overview", "utilization", "energy", "revenue", "review", "extract", "sessions", "session", "quality"}
    assert pages(Role.ADMIN) == [entry.name for entry in ENTRIES]
    assert set(pages(Role.FINANCE)) == reports | {"invoices", "close"}
    assert set(pages(Role.OPERATOR)) == reports | {"stations", "control", "drivers"}
    for role in (Role.ANALYST, Role.PLANNER):
        assert set(pages(role)) == reports | {"stations", "forecast"}
    north = frozenset({"north"})
    assert set(pages(Role.SITE_OWNER, sites=north)) == reports | {"stations"}
    assert set(pages(Role.FINANCE, sites=north)) == reports, "invoices are of whole operators"
    assert set(pages(Role.OPERATOR, sites=north)) == reports | {"stations"}, "drivers belong to no site"
    assert all(pages(role)[0] == "overview" for role in Role)


def test_extracts_of_money_are_for_finance_and_statements_for_their_owner_too() -> None:
    def extracts(*roles: Role, owner_id: str | None = None) -> set[str]:
        who = Principal("x", frozenset(roles), owner_id=owner_id)
        return {name for name, extract in EXTRACTS.items() if extract.is_open_to(who)}

    reports = {"sessions", "revenue_days", "revenue_connectors"}
    assert extracts(Role.FINANCE) == extracts(Role.ADMIN) == set(EXTRACTS)
    assert extracts(Role.ANALYST) == extracts(Role.SITE_OWNER) == reports
    assert extracts(Role.SITE_OWNER, owner_id="o1") == {*reports, "owner_statements", "owner_documents"}
    nothing = Principal("x", frozenset({Role.SITE_OWNER}), scopes=frozenset({Permission.READ_STATIONS}), owner_id="o1")
    assert not any(extract.is_open_to(nothing) for extract in EXTRACTS.values())
