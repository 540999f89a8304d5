"""Models of the registry's rows, made from the table contract: names, types, values and meanings stand there once.

Values are checked as those of registry files are (`warehouse/registry/values.py`). Instants, days and exact decimals
are texts in JSON, lists of JSON columns are lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    WithJsonSchema,
    create_model,
)

from warehouse import exact_json
from warehouse.contract import Column, Table
from warehouse.plain import for_json
from warehouse.registry.values import NEVER, pattern_of, typed

_LONGEST = 500
# OCPP 2.0.1 part 2, identifierString, without what an address (URL) could not end with.
KEY = r"^[A-Za-z0-9*_=:+|@\-][A-Za-z0-9*_=:+|@.\-]{0,254}$"
# Neither begins nor ends with a blank, and holds nothing that does not print.
_BLANK = r" \xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
TEXT = rf"^[^{NEVER}{_BLANK}]([^{NEVER}]*[^{NEVER}{_BLANK}])?$"


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# JSON has one kind of number: 2.0 is the whole number 2.
WHOLE = BeforeValidator(_whole)
_WHOLE = {"INTEGER": 2**31, "BIGINT": 2**63}
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=False)


def new_row(table: Table, lists: Mapping[str, str]) -> type[BaseModel]:
    """What adds a row: without `valid_from` it holds from now on. `lists`: what the lists of JSON columns hold."""
    fields = {
        column.name: _field(
            column, lists, needed=not column.nullable and column.name != "valid_from", is_key=column.name in table.key
        )
        for column in table.columns
    }
    return _model(f"New{_name(table)}", f"To be added: {table.grain}.", fields)


def changed_row(table: Table, lists: Mapping[str, str]) -> type[BaseModel]:
    """What changes a row: only what is named is set; null empties a column that may be empty."""
    fields = {
        column.name: _field(column, lists, needed=False) for column in table.columns if column.name not in table.key
    }
    return _model(f"Changed{_name(table)}", f"To be changed of {table.grain}.", fields)


def told_row(table: Table) -> type[BaseModel]:
    """A row as it is told."""
    fields: dict[str, Any] = {}
    for column in table.columns:
        kind = _told_type(column)
        fields[column.name] = (kind | None if column.nullable else kind, Field(description=_meaning(column)))
    return _model(_name(table), f"{table.grain[0].upper()}{table.grain[1:]}.", fields)


def given(model: BaseModel) -> dict[str, object]:
    """What was named in a request, as `warehouse/registry/editing.py` takes it."""
    named = model.model_dump(exclude_unset=True)
    return {name: exact_json.dumps(value) if isinstance(value, list) else value for name, value in named.items()}


def told(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as it is told."""
    return {
        column.name: exact_json.loads(row[column.name])
        if column.type == "JSON" and row[column.name] is not None
        else for_json(row[column.name])
        for column in table.columns
    }


def page_of(row_model: Any, about: str) -> Any:
    """The model of a page of rows."""
    return create_model(
        f"{row_model.__name__}Page",
        __doc__=about,
        items=(list[row_model], ...),
        next=(str | None, Field(description="`cursor` of the next page; null: there is none")),
    )


def _model(name: str, about: str, fields: Mapping[str, Any]) -> type[BaseModel]:
    made: type[BaseModel] = create_model(name, __config__=_STRICT, __doc__=about, **fields)
    return made


def _name(table: Table) -> str:
    return "".join(part.capitalize() for part in table.name.removesuffix("s").split("_"))


def _meaning(column: Column) -> str:
    told = column.meaning.replace("NULL", "null")
    return f"{told} ({column.unit})" if column.unit else told


def _field(column: Column, lists: Mapping[str, str], *, needed: bool, is_key: bool = False) -> tuple[Any, Any]:
    kind = _given_type(column, lists, is_key)
    if needed:
        return (kind, Field(description=_meaning(column)))
    # Not null, but it need not be named: its default is never used (`exclude_unset`).
    return (
        kind | None if column.nullable else kind,
        Field(None, description=_meaning(column), json_schema_extra=_bare),
    )


def _bare(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def _given_type(column: Column, lists: Mapping[str, str], is_key: bool) -> Any:
    kind = column.type.partition("(")[0]
    if column.values:
        return Literal[column.values]
    if kind in _WHOLE:
        limit = _WHOLE[kind]
        return Annotated[int, Field(ge=-limit, lt=limit), WHOLE]
    if kind == "BOOLEAN":
        return StrictBool
    if kind == "JSON":
        return Annotated[list[Annotated[str, Field(pattern=lists[column.name])]], Field(min_length=1, max_length=100)]
    shape = _text_schema(column, kind, is_key)
    return Annotated[
        str, AfterValidator(_check(column, shape.get("pattern"))), WithJsonSchema({"type": "string", **shape})
    ]


def _text_schema(column: Column, kind: str, is_key: bool) -> dict[str, Any]:
    if kind == "TIMESTAMPTZ":
        return {"format": "date-time", "examples": ["2026-01-31T00:00:00Z"]}
    if kind == "DATE":
        return {"format": "date", "examples": ["2026-01-31"]}
    if kind == "DECIMAL":
        digits, scale = (int(part) for part in re.findall(r"\d+", column.type))
        pattern = rf"^-?[0-9]{{1,{digits - scale}}}(\.[0-9]{{1,{scale}}})?$"
        return {"pattern": pattern, "examples": ["19.5"]}
    return {"pattern": KEY if is_key else pattern_of(column) or TEXT, "maxLength": _LONGEST}


def _check(column: Column, pattern: str | None) -> Callable[[str], str]:
    def checked(text: str) -> str:
        if len(text) > _LONGEST:
            raise ValueError(f"is longer than {_LONGEST} characters")
        typed(column, text)
        if pattern is not None and not re.fullmatch(pattern, text):
            raise ValueError("is empty, or holds characters that are not allowed here")
        return text

    return checked


def _told_type(column: Column) -> Any:
    kind = column.type.partition("(")[0]
    if kind in _WHOLE:
        return int
    if kind == "BOOLEAN":
        return bool
    if kind in ("JSON", "VARCHAR[]"):
        return list[str]
    if column.values:
        return Literal[column.values]
    formats = {"TIMESTAMPTZ": {"format": "date-time"}, "DATE": {"format": "date"}}
    return Annotated[str, WithJsonSchema({"type": "string", **formats.get(kind, {})})]
