"""The rooms of the house and which of them may import which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
ROOMS = ("warehouse", "ingest", "pipelines", "dashboards")

# Room → what it may import of ours, and what of that it may not.
MAY_IMPORT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "warehouse": ((), ()),
    "ingest": (("warehouse",), ()),
    "pipelines": (("warehouse",), ()),
    "dashboards": (("warehouse", "pipelines"), ("pipelines.defs", "pipelines.definitions", "pipelines.refresh")),
}
# What does not live in a room, whoever wrote it.
FOREIGN = {
    "warehouse": ("ocpp", "dagster", "streamlit", "websockets"),
    "ingest": ("dagster", "streamlit"),
    "pipelines": ("streamlit", "ocpp", "websockets"),
    "dashboards": ("dagster", "ocpp", "websockets", "duckdb"),
}


def modules(room: str) -> Iterator[Path]:
    yield from sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that a module imports, at any depth."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed, but_not = MAY_IMPORT[room]
    wrong = []
    for path in modules(room):
        for line, name in imports(path):
            ours = any(within(name, other) for other in (*ROOMS, "kwhouse", "tests") if other != room)
            may = any(within(name, other) for other in allowed) and not any(within(name, other) for other in but_not)
            if (ours and not may) or any(within(name, package) for package in FOREIGN[room]):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert wrong == []


def test_the_rule_is_about_something() -> None:
    for room in ROOMS:
        found = {name.split(".")[0] for path in modules(room) for _, name in imports(path)}
        assert room == "warehouse" or "warehouse" in found, f"{room} does not use the warehouse"


def test_sql_of_pages_stands_in_the_warehouse() -> None:
    assert [str(path) for path in (ROOT / "dashboards").rglob("*.sql")] == []


def test_modules_are_short() -> None:
    """Under 300 lines as a rule; 450 is where a module has two jobs."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for room in ROOMS
        for path in modules(room)
    }
    assert {name: lines for name, lines in lengths.items() if lines > 450} == {}
