"""The page for people says what roles may, as the table of roles does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from warehouse.people.roles import PERMISSIONS, Permission, Role

pytestmark = pytest.mark.fast

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "people.md"


def test_the_page_s_table_is_the_table_of_roles() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| (may|`[a-z:]+`) ", line)]
    head, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    rows = [row for row in rows if len(row) == len(head)]
    assert head[1:] == list(Role)
    told = {row[0].split("`")[1]: {role for role, mark in zip(head[1:], row[1:], strict=True) if mark} for row in rows}
    wanted = {p.value: {role for role in Role if p in PERMISSIONS[role]} for p in Permission}
    assert told == wanted
