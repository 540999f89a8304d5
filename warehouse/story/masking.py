"""Payloads for people's eyes: tokens are shown by their pseudonym, never as the card has them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Where OCPP puts tokens: 1.6 as text, 2.x as text within an object of the same name.
_TOKEN_KEYS = frozenset({"idtag", "parentidtag", "idtoken", "groupidtoken", "parentidtoken", "additionalidtoken"})
HIDDEN = "•••"
# A shorter text would be found by chance in numbers and words.
_LEAST_LENGTH = 4


def tokens_in(payload: str) -> frozenset[str]:
    """The tokens that a payload holds as such."""
    return frozenset(_tokens(_parsed(payload)))


def masked(payload: str, pseudonyms: Mapping[str, str]) -> str:
    """The payload as compact JSON with each token replaced by its pseudonym, or by dots where it has none.

    `pseudonyms`: those of known tokens, which are hidden wherever else they stand, too (vendors put JSON into text).
    A payload that is no JSON is not shown: nobody could tell what in it is a token.
    """
    content = _parsed(payload)
    if content is _NOTHING:
        return f"(not JSON, {len(payload):,} characters)"
    # A lone surrogate is valid JSON and no text that could be written.
    return _told(content, pseudonyms).encode("utf-8", "backslashreplace").decode("utf-8")


class _Object(list[tuple[str, Any]]):
    """A JSON object as pairs: keys may stand twice."""


class _Literal(str):
    """A number as it was written, however long; NaN and Infinity too."""

    __slots__ = ()


_NOTHING = object()


def _parsed(text: str) -> Any:
    try:
        return json.loads(
            text, parse_int=_Literal, parse_float=_Literal, parse_constant=_Literal, object_pairs_hook=_Object
        )
    except (ValueError, RecursionError):
        return _NOTHING


def _inner(text: str) -> Any:
    """JSON within text, as DataTransfer has it."""
    return _parsed(text) if text.lstrip()[:1] in ("{", "[") else _NOTHING


def _is_token(key: str, value: object) -> bool:
    return key.lower() in _TOKEN_KEYS and isinstance(value, str)


def _tokens(content: Any) -> Iterator[str]:
    if isinstance(content, _Object):
        for key, value in content:
            if _is_token(key, value):
                yield value.strip()
            else:
                yield from _tokens(value)
    elif isinstance(content, list):
        for item in content:
            yield from _tokens(item)
    elif isinstance(content, str) and (inner := _inner(content)) is not _NOTHING:
        yield from _tokens(inner)


def _told(content: Any, pseudonyms: Mapping[str, str]) -> str:
    if isinstance(content, _Object):
        pairs = (
            f"{_quoted(key)}:{_quoted(pseudonyms.get(value.strip(), HIDDEN))}"
            if _is_token(key, value)
            else f"{_quoted(key)}:{_told(value, pseudonyms)}"
            for key, value in content
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(content, list):
        return "[" + ",".join(_told(item, pseudonyms) for item in content) + "]"
    if isinstance(content, _Literal):
        return str(content)
    if isinstance(content, str):
        inner = _inner(content)
        return _quoted(_without(content, pseudonyms) if inner is _NOTHING else _told(inner, pseudonyms))
    return json.dumps(content)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _without(text: str, pseudonyms: Mapping[str, str]) -> str:
    for token, pseudonym in pseudonyms.items():
        if len(token) >= _LEAST_LENGTH:
            text = text.replace(token, pseudonym)
    return text
