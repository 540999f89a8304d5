"""The pages' one way to the warehouse: a read-only lake, cut to what the visitor sees, and figures kept by snapshot.

Every question asks who looks, so that neither a page nor a figure kept for somebody else can show what is not theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from dashboards.access import visitor
from warehouse.readers import network
from warehouse.settings import Settings, load_settings
from warehouse.store import Lake, open_lake
from warehouse.store.sight import WHOLE, Sight

Answer = TypeVar("Answer")
# Long enough that a click costs no query; a changed registry, which makes no snapshot, shows after that time.
_KEPT_SECONDS = 300


# What a figure rests on: the data folder, its catalog, and what of it the visitor sees.
Where = tuple[str, int, str]


def lake() -> Lake:
    """The process's lake, cut to what the visitor sees. Raises `StoreMissing` where nothing was written yet."""
    sight = Sight.of(visitor())
    settings = load_settings()
    return _seen(_where(settings, sight), settings, sight)


def whole_lake() -> Lake:
    """The lake as nobody in particular sees it: to open it before the first visitor comes."""
    settings = load_settings()
    return _seen(_where(settings, WHOLE), settings, WHOLE)


def where() -> Where:
    """What figures that a page keeps by itself are to be kept under, beside `snapshot`."""
    store = lake()
    return _where(store.settings, store.sight)


def read(reader: Callable[..., Answer], *arguments: object, **named: object) -> Answer:
    """What `reader` gives for the newest snapshot; the same question is answered from memory."""
    store = lake()
    place = _where(store.settings, store.sight)
    question = (reader.__module__, reader.__qualname__, arguments, tuple(sorted(named.items())))
    answer: Answer = _answer(place, _mark(place, store), question, store, reader, arguments, named)
    return answer


def read_at(snapshot_id: int, reader: Callable[..., Answer], *arguments: object, **named: object) -> Answer:
    """What `reader` gives for the lake as it was at a snapshot."""
    store = lake()
    place = _where(store.settings, store.sight)
    then = _open_at(place, snapshot_id, store.settings, store.sight)
    question = (reader.__module__, reader.__qualname__, arguments, tuple(sorted(named.items())))
    mark = (snapshot_id, _mark(place, store)[1])
    answer: Answer = _answer(place, mark, question, then, reader, arguments, named)
    return answer


def snapshot() -> int:
    """The lake's snapshot that the page shows."""
    store = lake()
    return _mark(_where(store.settings, store.sight), store)[0]


def _where(settings: Settings, sight: Sight) -> Where:
    # A data folder that was deleted and made anew is another warehouse, though its path is the same.
    catalog: Path = settings.home / "catalog.sqlite"
    return str(settings.home), catalog.stat().st_ino if catalog.exists() else 0, sight.catalog


@st.cache_resource(show_spinner=False, max_entries=2)
def _open(home: str, catalog_mark: int, _settings: Settings) -> Lake:  # noqa: ARG001 (they are the cache's key)
    return open_lake(_settings, read_only=True)


@st.cache_resource(show_spinner=False, max_entries=256)
def _seen(where: Where, _settings: Settings, _sight: Sight) -> Lake:
    return _open(*where[:2], _settings).seen_with(_sight)


@st.cache_resource(show_spinner=False, max_entries=4)
def _open_at(where: Where, snapshot_id: int, _settings: Settings, _sight: Sight) -> Lake:  # noqa: ARG001
    return open_lake(_settings, at=snapshot_id, sight=_sight)


@st.cache_data(ttl=1, max_entries=64, show_spinner=False)
def _mark(where: Where, _lake: Lake) -> tuple[int, int]:  # noqa: ARG001
    return network.mark(_lake)


@st.cache_data(ttl=_KEPT_SECONDS, max_entries=512, show_spinner=False)
def _answer(
    where: Where,  # noqa: ARG001
    mark: tuple[int, int],  # noqa: ARG001
    question: tuple[object, ...],  # noqa: ARG001
    _lake: Lake,
    _reader: Callable[..., Any],
    _arguments: tuple[object, ...],
    _named: dict[str, Any],
) -> Any:
    return _reader(_lake, *_arguments, **_named)
