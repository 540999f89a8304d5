"""Rows of the registry with typed values, from files or from the state database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from warehouse import exact_json
from warehouse.contract import Column, Table
from warehouse.errors import Problem
from warehouse.registry.sources import Cell, JsonPath, Row, no_such_column
from warehouse.registry.values import Value, checked_json, typed


@dataclass(frozen=True, slots=True)
class Record:
    """One row. A value that could not be typed is absent, so that rules do not complain about it again.

    `file` is None for a row that is stored and whose table has no file.
    """

    values: dict[str, Value]
    file: str | None = None
    line: int | None = None
    lines: dict[str, int] = field(default_factory=dict)
    json_lines: dict[str, dict[JsonPath, int]] = field(default_factory=dict)

    def get(self, name: str) -> Value:
        return self.values.get(name)

    def key(self, names: Sequence[str]) -> tuple[Value, ...] | None:
        """The values of `names`; None where one of them is absent or NULL."""
        found = tuple(self.values.get(name) for name in names)
        return None if None in found else found

    def problem(self, name: str | None, reason: str, path: JsonPath = ()) -> Problem:
        """`reason` at the line where `name` stands (inside a JSON column: where `path` stands)."""
        line = self.lines.get(name, self.line) if name else self.line
        within = self.json_lines.get(name or "", {})
        while path and path not in within:
            path = path[:-1]
        return Problem(self.file or "(stored)", within.get(path, line), name, reason)


def record(row: Row, table: Table, problems: list[Problem]) -> Record:
    """`row` with typed values; whatever is wrong with a single cell goes to `problems`."""
    found = Record(
        {},
        row.file,
        row.line,
        {name: cell.line for name, cell in row.cells.items()},
        {name: cell.lines for name, cell in row.cells.items() if cell.lines},
    )
    unknown = sorted(row.cells.keys() - table.by_name.keys())
    problems.extend(found.problem(name, no_such_column(table)) for name in unknown)
    for column in table.columns:
        cell = row.cells.get(column.name)
        if cell is not None and cell.broken:
            continue
        # An empty text says nothing, in either format: it is NULL.
        if cell is None or cell.value is None or cell.value == "":
            if column.nullable:
                found.values[column.name] = None
            else:
                problems.append(found.problem(column.name, f"is missing: {column.meaning}"))
            continue
        try:
            found.values[column.name] = _value(column, cell)
        except ValueError as error:
            problems.append(found.problem(column.name, str(error)))
    return found


def _value(column: Column, cell: Cell) -> Value:
    if isinstance(cell.value, str):
        return typed(column, cell.value)
    return exact_json.dumps(checked_json(cell.value))


def by_key(records: Sequence[Record], table: Table) -> Iterator[tuple[tuple[Value, ...], Record]]:
    """Records that have a whole key, with it."""
    for found in records:
        if (key := found.key(table.key)) is not None:
            yield key, found
