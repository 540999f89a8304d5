"""Registry files as rows of cells with line numbers. No types yet: a cell holds the text as it stands.

YAML is read without YAML 1.1's guesses (`NO` is Norway, not false; `0123` stays a token; `10:00` is a time): plain
`null`, `~` and nothing mean NULL, everything else is text until the column's type says more. Only inside JSON
columns plain numbers, true and false are what they look like.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from warehouse.contract import Table
from warehouse.contract.registry import DECLARED
from warehouse.errors import Problem
from warehouse.exact_json import NUMBER, Json, number

SUFFIXES = (".yaml", ".yml", ".csv")
NULLS = ("", "~", "null")
JsonPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: text, or the parsed structure of a JSON column with the line of each part.

    `broken`: it cannot be read, and that has been said.
    """

    value: Json
    line: int
    lines: dict[JsonPath, int] = field(default_factory=dict)
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One mapping of a YAML list or one record of a CSV file."""

    file: str
    line: int
    cells: dict[str, Cell]


def files_of(folder: Path, problems: list[Problem]) -> dict[str, Path]:
    """The folder's registry files by table name, in the contract's order."""
    names = [table.name for table in DECLARED]
    if folder.is_file():
        problems.append(Problem(str(folder), None, None, "is a file; give its folder"))
        return {}
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir() if folder.is_dir() else ()):
        if path.suffix not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem not in names:
            reason = f"no registry table is called {path.stem}; they are {', '.join(names)}"
            problems.append(Problem(path.name, None, None, reason))
        elif path.stem in found:
            reason = f"{found[path.stem].name} declares the same table; keep one of them"
            problems.append(Problem(path.name, None, None, reason))
        else:
            found[path.stem] = path
    if not found and not problems:
        problems.append(Problem(str(folder), None, None, f"no registry file such as {names[0]}.yaml lies there"))
    return {name: found[name] for name in names if name in found}


def read(path: Path, table: Table, problems: list[Problem]) -> list[Row]:
    """All rows of one file; what cannot be read goes to `problems`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem(path.name, line, None, "is not UTF-8 text"))
        return []
    except OSError as error:
        problems.append(Problem(path.name, None, None, f"cannot be read: {error.strerror}"))
        return []
    reader = _read_csv if path.suffix == ".csv" else _read_yaml
    return list(reader(text, path.name, table, problems))


def _read_csv(text: str, file: str, table: Table, problems: list[Problem]) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text), strict=True)
    header: list[str] | None = None
    first = 1
    try:
        for fields in lines:
            line, first = first, lines.line_num + 1
            if not fields:
                continue
            if header is None:
                header = fields
                if defects := list(_header_problems(header, file, line, table)):
                    problems.extend(defects)
                    return
            elif len(fields) != len(header):
                reason = f'has {len(fields)} fields, the header {len(header)} (separate with commas, quote with ")'
                problems.append(Problem(file, line, None, reason))
            else:
                cells = {name: Cell(value or None, line) for name, value in zip(header, fields, strict=True)}
                yield Row(file, line, cells)
    except csv.Error as error:
        problems.append(Problem(file, max(lines.line_num, 1), None, f"is not CSV as in RFC 4180: {error}"))
    if header is None:
        reason = f"is empty; to empty the table, keep the header line {','.join(table.column_names)}"
        problems.append(Problem(file, None, None, reason))


def _header_problems(header: list[str], file: str, line: int, table: Table) -> Iterator[Problem]:
    for name in sorted(set(header)):
        if header.count(name) > 1:
            yield Problem(file, line, name, "stands twice in the header")
        if name not in table.by_name:
            yield Problem(file, line, name, no_such_column(table))
    for column in table.columns:
        if not column.nullable and column.name not in header:
            yield Problem(file, line, column.name, f"is missing in the header: {column.meaning}")


def no_such_column(table: Table) -> str:
    """Why a field is refused that the table does not have."""
    return f"is no column of {table.name}; they are {', '.join(table.column_names)}"


def _read_yaml(text: str, file: str, table: Table, problems: list[Problem]) -> Iterator[Row]:
    # BaseLoader resolves nothing: scalars are text. The one written in C is 10 times as fast where it is built in.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        problems.append(Problem(file, line, None, f"is not YAML: {error.problem}"))
        return
    except (yaml.YAMLError, RecursionError) as error:
        problems.append(Problem(file, None, None, f"is not YAML: {str(error).splitlines()[0]}"))
        return
    if root is None:
        problems.append(Problem(file, None, None, "is empty; to empty the table, write []"))
        return
    if not isinstance(root, yaml.SequenceNode):
        problems.append(Problem(file, _line(root), None, "must be a list of mappings: begin each row with `- `"))
        return
    for node in root.value:
        if isinstance(node, yaml.MappingNode):
            yield Row(file, _line(node), dict(_cells(node, file, table, problems)))
        else:
            problems.append(Problem(file, _line(node), None, "must be a mapping, such as `- name: value`"))


def _cells(node: yaml.MappingNode, file: str, table: Table, problems: list[Problem]) -> Iterator[tuple[str, Cell]]:
    seen: set[str] = set()
    for key, value in node.value:
        name, line = _key(key), _line(value)
        if name in seen:
            problems.append(Problem(file, _line(key), name, "stands twice in one row"))
            continue
        seen.add(name)
        column = table.by_name.get(name)
        if isinstance(value, yaml.ScalarNode):
            yield name, Cell(_text(value), line)
        elif column is None or column.type != "JSON":
            problems.append(Problem(file, line, name, "must be one value, not a list or a mapping"))
            yield name, Cell(None, line, broken=True)
        else:
            lines: dict[JsonPath, int] = {}
            try:
                yield name, Cell(_structure(value, (), lines, []), line, lines)
            except ValueError as error:
                problems.append(Problem(file, max([line, *lines.values()]), name, str(error)))
                yield name, Cell(None, line, broken=True)


def _structure(node: Any, path: JsonPath, lines: dict[JsonPath, int], above: list[int]) -> Json:
    lines[path] = _line(node)
    if id(node) in above:
        raise ValueError("an alias (*) holds itself")
    within = [*above, id(node)]
    if isinstance(node, yaml.SequenceNode):
        return [_structure(item, (*path, n), lines, within) for n, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        names = [_key(key) for key, _ in node.value]
        if len(set(names)) < len(names):
            raise ValueError("a key stands twice in one mapping")
        return {
            name: _structure(value, (*path, name), lines, within)
            for name, (_, value) in zip(names, node.value, strict=True)
        }
    text = _text(node)
    if text is None or node.style:
        return text
    return plain_json(text)


def plain_json(text: str) -> Json:
    """What a plain (unquoted) scalar inside a JSON column means."""
    if NUMBER.fullmatch(text):
        return number(text)
    return {"true": True, "false": False}.get(text, text)


def _text(node: yaml.ScalarNode) -> str | None:
    value: str = node.value
    return None if not node.style and value in NULLS else value


def _key(node: yaml.Node) -> str:
    return node.value if isinstance(node, yaml.ScalarNode) else "(a key that is no text)"


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1
