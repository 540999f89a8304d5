"""`--map FILE`: how another system's columns become ours. A small YAML file, one entry for each of our columns.

station_id: Charge Point                                       # their column
connector_id: {value: 1}                                       # the same in each row
started_at: {column: Start, format: "%d/%m/%Y %H:%M"}          # codes of Python's strptime
ended_at: {columns: [End Date, End Time], format: "%d/%m/%Y %H:%M"}
energy_kwh: {column: Energy (Wh), unit: Wh, decimal: ","}
time_zone: {value: Europe/London}
encoding: cp1252                                               # of the file, where it is not UTF-8
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import yaml

from ingest.importing.session_rows import LEAST, OPTIONAL, REQUIRED, BadRow
from warehouse.errors import InputError

_OURS: Final = (*REQUIRED, *OPTIONAL)
_TIMES: Final = ("started_at", "ended_at")
_UNITS: Final[Mapping[str, Mapping[str, int]]] = {  # power of ten from their unit to ours
    "energy_kwh": {"Wh": -3, "kWh": 0, "MWh": 3},
    "max_power_w": {"W": 0, "kW": 3},
}
_KEYS: Final = ("column", "columns", "value", "format", "unit", "decimal")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one of our columns comes from: their columns, joined by a blank, or a constant."""

    columns: tuple[str, ...] = ()
    value: str | None = None
    format: str | None = None
    shift: int = 0
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class SessionMap:
    """A read map. The empty one leaves rows as they are."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    encoding: str = "utf-8"
    text: str = ""
    """What was written, for the import's identity."""

    def require_columns(self, name: str, found: Iterable[str]) -> None:
        """Raise `InputError` where the file lacks a column that the map names."""
        there = list(found)
        missing = [column for entry in self.entries.values() for column in entry.columns if column not in there]
        if missing:
            raise InputError(
                f"{name} lacks the column(s) {', '.join(missing)} that the map names. It has: {', '.join(there)}."
            )

    def ours(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Their row with our columns. Raises `BadRow`."""
        if not self.entries:
            return row
        return {name: _value(name, entry, row) for name, entry in self.entries.items()}


def read_map(path: Path) -> SessionMap:
    """Raises `InputError`, which names the entry and the mend."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        # All scalars as text: `08:30` and `NO` are what they look like.
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader makes nothing but text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The map {path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"The map {path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not found:
        raise InputError(f"The map {path} holds no entries. Write one for each of our columns, e.g. station_id: Name.")
    encoding = found.pop("encoding", "utf-8")
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError):
        raise InputError(f"The map {path}: encoding {encoding} is not known. Write e.g. cp1252.") from None
    entries = {str(name): _entry(path, str(name), value) for name, value in found.items()}
    if missing := [name for name in LEAST if name not in entries]:
        raise InputError(f"The map {path} says nothing of {', '.join(missing)}. A session needs {', '.join(LEAST)}.")
    return SessionMap(entries, encoding, text)


def _entry(path: Path, name: str, value: Any) -> Entry:
    place = f"The map {path}: {name}"
    if name not in _OURS:
        raise InputError(f"{place} is none of our columns; they are {', '.join(_OURS)}.")
    if isinstance(value, str):
        value = {"column": value}
    if not isinstance(value, dict) or not value:
        raise InputError(f"{place} is neither a column's name nor {{column: …}} or {{value: …}}.")
    if unknown := sorted(set(value) - set(_KEYS)):
        raise InputError(f"{place} has {', '.join(unknown)}; known are {', '.join(_KEYS)}.")
    if sum(key in value for key in ("column", "columns", "value")) != 1:
        raise InputError(f"{place} needs exactly one of column, columns and value.")
    columns = value.get("columns", [value["column"]] if "column" in value else [])
    if not isinstance(columns, list) or not all(isinstance(column, str) and column for column in columns):
        raise InputError(f"{place}: columns is a list of names, e.g. [Start Date, Start Time].")
    if "format" in value and name not in _TIMES:
        raise InputError(f"{place} is no time; only {' and '.join(_TIMES)} take a format.")
    if value.get("decimal", ".") not in (".", ","):
        raise InputError(f'{place}: decimal is "." or ",".')
    units = _UNITS.get(name, {})
    if "unit" in value and value["unit"] not in units:
        raise InputError(f"{place}: unit must be one of {', '.join(units) or 'none: this column has no unit'}.")
    return Entry(
        columns=tuple(columns),
        value=value.get("value"),
        format=value.get("format"),
        shift=units.get(value.get("unit", ""), 0),
        decimal=value.get("decimal", "."),
    )


def _value(name: str, entry: Entry, row: Mapping[str, Any]) -> Any:
    if entry.value is not None:
        return entry.value
    if len(entry.columns) == 1 and not isinstance(row.get(entry.columns[0]), str):
        value = row.get(entry.columns[0])
        if value is None or isinstance(value, datetime):
            return value
    else:
        value = " ".join(str(row[column]).strip() for column in entry.columns if row.get(column) not in (None, ""))
    text = str(value).strip()
    if not text:
        return None
    if entry.format is not None:
        try:
            return datetime.strptime(text, entry.format)  # noqa: DTZ007 (its zone is the row's)
        except ValueError:
            raise BadRow(name, f"{text} is not written as {entry.format}") from None
    return _number(name, entry, text) if name in _UNITS else text


def _number(name: str, entry: Entry, text: str) -> str:
    """In our unit, and with a decimal point; a decimal comma has points or blanks between thousands."""
    plain = text.replace(".", "").replace(",", ".") if entry.decimal == "," else text.replace(",", "")
    try:
        return str(Decimal(plain.replace(" ", "").replace("\u00a0", "")).scaleb(entry.shift))
    except InvalidOperation:
        raise BadRow(name, f"{text} is not a decimal number") from None
