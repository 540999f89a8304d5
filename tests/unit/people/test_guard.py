"""Each command asks for something, and a key that does not have it runs none of it."""

from __future__ import annotations

import pytest
import typer

from kwhouse import app
from warehouse.people.guard import CUT, FOR_EVERYBODY, TAKES, leaves, require
from warehouse.people.roles import NotAllowed, Permission, Principal, Role

pytestmark = pytest.mark.fast

COMMANDS = dict(leaves(typer.main.get_command(app)))


def test_every_command_takes_something() -> None:
    assert set(TAKES) | FOR_EVERYBODY == set(COMMANDS)
    assert not set(TAKES) & FOR_EVERYBODY
    assert set(TAKES) >= CUT


def test_every_permission_opens_a_command_or_only_pages() -> None:
    assert set(Permission) - set(TAKES.values()) == {Permission.PLAN}


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (Role.ANALYST, ["sql", "station list"], ["invoice list", "token block", "refresh", "station commands"]),
        (Role.FINANCE, ["invoice issue", "close", "session hold"], ["station list", "registry apply", "key add"]),
        (Role.OPERATOR, ["session start", "token add", "registry changes"], ["close", "registry apply", "up"]),
        (Role.ADMIN, list(TAKES), []),
    ],
)
def test_roles_may_run_their_commands(role: Role, may: list[str], may_not: list[str]) -> None:
    who = Principal("Ada", frozenset({role}))
    for command in may:
        require(who, command)
    for command in may_not:
        with pytest.raises(NotAllowed, match="it takes the scope"):
            require(who, command)


def test_who_sees_some_sites_runs_only_what_is_cut() -> None:
    who = Principal("Ada", frozenset({Role.ADMIN}), frozenset({"north"}))
    for command in TAKES:
        if command in CUT:
            require(who, command)
        else:
            with pytest.raises(NotAllowed, match="some sites only"):
                require(who, command)
