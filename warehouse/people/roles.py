"""Roles and what each of them may do: one table, asked by pages, API and command line alike. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from warehouse.errors import InputError


class Permission(StrEnum):
    """One thing that may be done. The values are the scopes of API keys."""

    READ_REPORTS = "reports:read"  # sessions, utilization, energy, quality, revenue
    READ_BILLING = "billing:read"  # invoices, extracts of money, the close
    WRITE_BILLING = "billing:write"  # issue, hold and release, close, refund
    READ_PERSONAL = "personal:read"  # names, addresses, tokens in plain text
    PLAN = "planning"  # forecasts and expansion plans
    READ_STATIONS = "stations:read"  # registry of stations, connections, commands and their answers
    OPERATE_STATIONS = "stations:operate"  # start, stop, reserve, limits, lists, accept, passwords
    WRITE_ACCESS = "access:write"  # drivers, tokens, groups, rules
    WRITE_REGISTRY = "registry:write"  # operators, sites, stations, tariffs
    MANAGE_KEYS = "keys:manage"  # API keys
    RUN_WAREHOUSE = "warehouse:run"  # collector, API, Dagster, dashboard; imports and refresh


class Role(StrEnum):
    """Who somebody is here."""

    ANALYST = "analyst"
    FINANCE = "finance"
    PLANNER = "planner"
    OPERATOR = "operator"
    SITE_OWNER = "site_owner"
    ADMIN = "admin"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ANALYST: frozenset({Permission.READ_REPORTS, Permission.PLAN, Permission.READ_STATIONS}),
    Role.FINANCE: frozenset(
        {Permission.READ_REPORTS, Permission.READ_BILLING, Permission.WRITE_BILLING, Permission.READ_PERSONAL}
    ),
    Role.PLANNER: frozenset({Permission.READ_REPORTS, Permission.PLAN, Permission.READ_STATIONS}),
    Role.OPERATOR: frozenset(
        {
            Permission.READ_REPORTS,
            Permission.READ_STATIONS,
            Permission.OPERATE_STATIONS,
            Permission.WRITE_ACCESS,
            Permission.READ_PERSONAL,
        }
    ),
    Role.SITE_OWNER: frozenset({Permission.READ_REPORTS, Permission.READ_STATIONS}),
    Role.ADMIN: frozenset(Permission),
}


class NotAllowed(InputError):
    """Somebody asked for what they may not do."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a person, an API key, or the account that runs a command.

    `sites` are the only ones whose rows they see; None: all. `scopes` of an API key narrow what its roles allow.
    `owner_id`: the owner of sites that they are or stand for, whose own statements they see besides.
    """

    name: str
    roles: frozenset[Role]
    sites: frozenset[str] | None = None
    scopes: frozenset[Permission] | None = None
    owner_id: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles, and the scopes if there are any, allow it."""
        allowed = any(permission in PERMISSIONS[role] for role in self.roles)
        return allowed and (self.scopes is None or permission in self.scopes)

    def require(self, permission: Permission) -> None:
        """Raises `NotAllowed` unless `may`."""
        if not self.may(permission):
            told = ", ".join(sorted(role for role in Role if permission in PERMISSIONS[role]))
            raise NotAllowed(f"{self.name} may not do this: it takes the scope {permission} (roles: {told}).")

    def sees(self, site_id: str) -> bool:
        """Whether rows of this site are theirs to see."""
        return self.sites is None or site_id in self.sites
