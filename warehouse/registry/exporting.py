"""Write the registry as files that `apply` reads back to the same rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
import yaml

from warehouse import exact_json
from warehouse.contract import Column, Table
from warehouse.contract.registry import DECLARED
from warehouse.errors import InputError, StoreMissing
from warehouse.files import whole_file
from warehouse.registry.applying import state_engine
from warehouse.registry.sources import NULLS, plain_json
from warehouse.registry.values import Value
from warehouse.settings import Settings
from warehouse.state import state_exists, table

Format = Literal["yaml", "csv"]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The files written, one per table."""

    files: tuple[Path, ...]

    def __str__(self) -> str:
        return "\n".join(str(path) for path in self.files)


def export(where: Settings | sa.Engine, folder: Path, fmt: Format = "yaml") -> ExportReport:
    """Write one file per registry table into `folder`, rows in the order of their keys.

    Files that hold personal data can be read by their owner only. Raises `InputError` when the folder already holds
    a table in the other format, because `apply` would not know which to believe; `StoreMissing` where there is no
    state database.
    """
    if isinstance(where, Settings) and not state_exists(where):
        mend = "Check KWHOUSE_HOME, or declare one with `kwhouse registry apply FOLDER` first."
        raise StoreMissing(f"A registry in {where.home}", mend)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file. Name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    targets = {declared.name: folder / f"{declared.name}.{fmt}" for declared in DECLARED}
    for target in targets.values():
        others = [target.with_suffix(suffix) for suffix in (".yaml", ".yml", ".csv")]
        if standing := [path.name for path in others if path != target and path.exists()]:
            raise InputError(f"{folder} already holds {standing[0]}. Move it away, or export to a new folder.")
    with state_engine(where) as engine, engine.connect() as connection:
        for declared in DECLARED:
            rows = table("registry", declared.name)
            found = connection.execute(sa.select(rows).order_by(*(rows.c[name] for name in declared.key))).mappings()
            private = any(column.personal for column in declared.columns)
            with whole_file(targets[declared.name], private=private) as path:
                (_write_yaml if fmt == "yaml" else _write_csv)(path, declared, found)
    return ExportReport(tuple(targets.values()))


def _write_yaml(path: Path, declared: Table, rows: Iterable[Mapping[Any, Any]]) -> None:
    listing = [
        {c.name: _structure(c, row[c.name]) for c in declared.columns if row[c.name] is not None} for row in rows
    ]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(listing, file, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _write_csv(path: Path, declared: Table, rows: Iterable[Mapping[Any, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(declared.column_names)
        for row in rows:
            writer.writerow([_text(row[name]) for name in declared.column_names])


def _structure(column: Column, value: Value) -> Any:
    if column.type == "JSON" and isinstance(value, str):
        return exact_json.loads(value)
    return value if isinstance(value, int) else _Text(_text(value))


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


class _Text(str):
    """Text outside JSON columns: `apply` takes plain scalars for text there, so fewer quotes are needed."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """YAML as `sources.py` reads it, not as YAML 1.1 would."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (yaml names it)
        return True


def _represent_text(dumper: _Dumper, text: _Text) -> yaml.ScalarNode:
    return _scalar(dumper, str(text), quoted=text in NULLS)


def _represent_json_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return _scalar(dumper, text, quoted=text in NULLS or not isinstance(plain_json(text), str))


def _represent_number(dumper: _Dumper, value: Decimal) -> yaml.ScalarNode:
    text = format(value, "f")
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


def _scalar(dumper: _Dumper, text: str, *, quoted: bool) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted or "\n" in text else None)


_Dumper.add_representer(_Text, _represent_text)
_Dumper.add_representer(str, _represent_json_text)
_Dumper.add_representer(Decimal, _represent_number)
