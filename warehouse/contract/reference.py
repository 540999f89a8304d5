"""The generated reference pages: every table and column, every setting, every extract.

`kwhouse docs` writes them to docs/reference/; a test holds that what is committed is what this makes.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from warehouse.contract import TABLES
from warehouse.contract.model import Column, Home, Table

SCHEMAS = {
    "raw": "What came over the wire, as it came. Append-only, never changed.",
    "core": "What the frames say, one fact a row. Times in UTC, energy in Wh, power in W.",
    "mart": "Figures for pages and extracts. Rates are computed from these base sums, never stored.",
    "forecast": "What is expected, and how good past expectations were.",
    "billing": "What sessions cost and who owes it. Amounts are exact decimals.",
    "ops": "What the pipeline did and what it found.",
    "registry": "What people declare: who runs which stations, who may charge, at what price.",
    "access": "Who charges now, as collectors tell each other.",
    "remote": "What stations were asked to do, and what they answered.",
}


def write_pages(folder: Path) -> list[Path]:
    """Write all reference pages into `folder` and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in pages().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def pages() -> dict[str, str]:
    """The text of each page by file name."""
    makers = {"tables.md": _tables, "settings.md": _settings, "extracts.md": _extracts}
    return {name: "\n".join(maker()) + "\n" for name, maker in makers.items()}


def _tables() -> Iterator[str]:
    yield "# Tables"
    yield ""
    yield "Made from the table contract (`warehouse/contract/`) by `kwhouse docs`; edit there, not here."
    yield "Types are DuckDB's; *key* columns identify a row; a column without *required* may be NULL."
    yield "Who sees some sites only sees rows of tables that say what they go by: the site, the owner of sites, or rows"
    yield "of another table."
    for schema, tables in groupby(TABLES, key=lambda table: table.schema):
        yield ""
        yield f"## {schema}"
        yield ""
        yield SCHEMAS[schema]
        for table in tables:
            yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield ""
    yield f"### {table.full_name}"
    yield ""
    yield f"One row is {table.grain}."
    if table.home is Home.STATE:
        yield "Kept in the state database."
    if table.home is Home.VIEW:
        yield "A view: kept nowhere."
    if table.belongs_by is not None:
        yield f"Its rows go by `{table.belongs_by}`."
    elif table.for_everybody:
        yield "Seen by everybody."
    yield ""
    yield "| column | type | unit | meaning |"
    yield "| --- | --- | --- | --- |"
    for column in table.columns:
        yield _row(f"`{column.name}`", column.type, column.unit or "", _meaning(table, column))


def _meaning(table: Table, column: Column) -> str:
    marks = [
        mark
        for mark, holds in {
            "key": column.name in table.key,
            "required": not column.nullable and column.name not in table.key,
            "personal": column.personal,
            "secret": column.secret,
        }.items()
        if holds
    ]
    parts = [f"*{', '.join(marks)}*: {column.meaning}" if marks else column.meaning]
    if column.values:
        parts.append("one of " + ", ".join(f"`{value}`" for value in column.values))
    if column.references:
        parts.append(f"refers to `{table.schema}.{column.references}`")
    return "; ".join(parts)


def _settings() -> Iterator[str]:
    from warehouse.settings import Settings

    yield "# Settings"
    yield ""
    yield "Made from `warehouse/settings.py` by `kwhouse docs`; edit there, not here. A variable goes before"
    yield "`kwhouse.toml` in the working folder (same names in lower case, no `KWHOUSE_`), that before the default."
    yield ""
    yield "| variable | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{_spelled(field.default)}`"
        yield _row(f"`KWHOUSE_{name.upper()}`", _kind(field.annotation), default, field.description or "")


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(annotation: object) -> str:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return " or ".join(_kind(part) for part in typing.get_args(annotation) if part is not type(None))
    if typing.get_origin(annotation) is typing.Literal:
        return "one of " + ", ".join(f"`{value}`" for value in typing.get_args(annotation))
    words = {"int": "whole number", "float": "number", "bool": "true or false", "str": "text"}
    name = getattr(annotation, "__name__", str(annotation))
    return words.get(name, name.lower())


def _extracts() -> Iterator[str]:
    from warehouse.extracts.catalog import EXTRACTS

    yield "# Extracts"
    yield ""
    yield "Made from `warehouse/extracts/catalog.py` by `kwhouse docs`; edit there, not here."
    yield ""
    yield "`kwhouse extract NAME --from D --to D -o FILE`. FILE's ending says the format, .csv, .xlsx, .parquet or"
    yield ".json (or give `--format`); `--site S` narrows it, and may stand several times. Days are local days of"
    yield "the site; the first is included, the last is not. CSV is UTF-8 as in RFC 4180; in JSON decimals are text;"
    yield "Parquet has the exact types; XLSX adds totals per currency and keeps 15 digits. Energy is in kWh. None holds"
    yield "personal data."
    for extract in EXTRACTS.values():
        yield ""
        yield f"## {extract.name}"
        yield ""
        yield f"One row is {extract.about}."
        yield ""
        yield "| column | meaning |"
        yield "| --- | --- |"
        for name, meaning in extract.columns.items():
            yield _row(f"`{name}`" + (" (summed)" if name in extract.sums else ""), meaning)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
