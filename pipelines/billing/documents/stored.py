"""Documents as JSON: the form in which an issued one is stored, byte for byte the same for the same document.

Decimals are texts (a reader that takes numbers for floats cannot harm them), dates ISO 8601, fields in the order of the
model. A field that an older document lacks takes its default; one that this version does not know is refused.
"""

from __future__ import annotations

import json
import types
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pipelines.billing.documents.model import Document
from warehouse.errors import InputError
from warehouse.exact_json import no_repeats

FORMAT = "kwhouse-document-1"


class DocumentUnreadable(InputError):
    """A stored document is not what `to_json` writes. `place` says where."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"A stored document cannot be read: {place or 'the whole'}: {reason}. "
            "Read it with the version of kwhouse that wrote it; a stored document is never edited."
        )
        self.place, self.reason = place, reason


def to_json(document: Document) -> bytes:
    """UTF-8 JSON, ending in a line feed."""
    plain = {"format": FORMAT, **_plain(document)}
    return (json.dumps(plain, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def from_json(stored: bytes) -> Document:
    """The document that `to_json` wrote. Raises `DocumentUnreadable`."""
    try:
        plain = json.loads(stored, object_pairs_hook=no_repeats)
    except ValueError as error:
        raise DocumentUnreadable("", str(error)) from error
    if not isinstance(plain, dict) or plain.pop("format", None) != FORMAT:
        raise DocumentUnreadable("format", f"must be {FORMAT!r}")
    document = _typed(plain, Document, "")
    assert isinstance(document, Document)  # noqa: S101 (for the type checker: _typed made one)
    return document


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _typed(value: Any, kind: Any, place: str) -> Any:
    """`value` (JSON) as `kind`, one of the types that the model uses. Raises `DocumentUnreadable`."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _typed(value, get_args(kind)[0], place)
    if origin is Literal:
        if value not in get_args(kind):
            raise DocumentUnreadable(place, f"must be one of {', '.join(get_args(kind))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise DocumentUnreadable(place, "must be a list")
        return tuple(_typed(item, get_args(kind)[0], f"{place}[{index}]") for index, item in enumerate(value))
    if is_dataclass(kind):
        return _record(value, kind, place)
    return _scalar(value, kind, place)


def _record(value: Any, kind: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise DocumentUnreadable(place, "must be an object")
    hints = _hints(kind)
    for name in value.keys() - hints.keys():
        raise DocumentUnreadable(f"{place}.{name}".lstrip("."), "is not known")
    try:
        return kind(**{name: _typed(item, hints[name], f"{place}.{name}".lstrip(".")) for name, item in value.items()})
    except TypeError as error:
        raise DocumentUnreadable(place, str(error)) from error


def _scalar(value: Any, kind: Any, place: str) -> Any:
    try:
        if kind is Decimal and isinstance(value, str):
            return Decimal(value)
        if kind is date and isinstance(value, str):
            return date.fromisoformat(value)
    except (ValueError, InvalidOperation) as error:
        raise DocumentUnreadable(place, f"{value!r} is no {kind.__name__}") from error
    if type(value) is not kind:
        raise DocumentUnreadable(place, f"must be {kind.__name__}, not {value!r}")
    return value
