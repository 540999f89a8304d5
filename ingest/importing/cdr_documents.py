"""OCPI CDRs as people have them: one object, an array, OCPI's response envelope, or one object a line.

Documents are handed on one by one, numbers as exact decimals, beside their text as it stands in the file. Only an
envelope is held whole: OCPI serves it in pages.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ingest.importing.source import Source, Unreadable, blocks
from warehouse import exact_json

_MOST_CHARACTERS: Final = 67_108_864
_AT_THE_END: Final = 16  # an error that close to the end of what was read so far may be a value that goes on
_BLANK: Final = re.compile(r"[\s,]*")
_EXACT: Final = json.JSONDecoder(
    parse_float=exact_json.number, parse_int=exact_json.number, object_pairs_hook=exact_json.no_repeats
)


class Document(NamedTuple):
    """One CDR and its text; or None for a piece that is not JSON, with the reason."""

    value: Any
    text: str
    defect: str | None = None


def documents(source: Source) -> Iterator[Document]:
    """All documents in order. Raises `Unreadable`."""
    with source.opened() as stream:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            texts = (decoder.decode(block) for block in blocks(stream))
            for value, text, defect in _values(texts):
                yield from _unfolded(value, text) if defect is None else (Document(None, text, defect),)
        except UnicodeDecodeError:
            raise Unreadable(source.name, "is not UTF-8 text") from None


def _unfolded(value: Any, text: str) -> Iterator[Document]:
    """The CDRs of an envelope; any other value stands for itself."""
    if isinstance(value, dict) and "data" in value and "start_date_time" not in value:
        data = value["data"]
        for cdr in data if isinstance(data, list) else [data]:
            yield Document(cdr, exact_json.dumps(cdr))
    else:
        yield Document(value, text)


def _values(texts: Iterator[str]) -> Iterator[Document]:
    """Top-level values, and those of a top-level array."""
    rest, position, whole = "", 0, False
    in_array = False
    while True:
        blank = _BLANK.match(rest, position)
        position = blank.end() if blank else position
        if position < len(rest):
            mark = rest[position]
            if mark == "[" and not in_array:
                in_array, position = True, position + 1
                continue
            if mark == "]" and in_array:
                in_array, position = False, position + 1
                continue
            document, after = _next_value(rest, position, whole)
            if document is not None:
                yield document
                position = after
                continue
        elif whole:
            return
        more = next(texts, None)
        whole = more is None
        rest, position = rest[position:] + (more or ""), 0


def _next_value(text: str, start: int, whole: bool) -> tuple[Document | None, int]:
    """The value at `start` and where it ends; None where more must be read first."""
    try:
        value, end = _EXACT.raw_decode(text, start)
    except json.JSONDecodeError as error:
        goes_on = error.msg.startswith("Unterminated") or error.pos >= len(text) - _AT_THE_END
        if goes_on and not whole and len(text) - start <= _MOST_CHARACTERS:
            return None, start
        return _broken(text, start, "is cut off" if goes_on else f"not JSON: {error.msg}")
    except (ValueError, RecursionError) as error:
        return _broken(text, start, f"not JSON that can be kept: {error}"[:120])
    if end == len(text) and not whole and not isinstance(value, (dict, list)):
        return None, start  # a number may go on in the next block
    return Document(value, text[start:end]), end


def _broken(text: str, start: int, reason: str) -> tuple[Document, int]:
    """What cannot be read, up to the end of its line: the next line may be another document."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    return Document(None, text[start:end], reason), max(end, start + 1)
