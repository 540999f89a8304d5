"""The pages' one way to the warehouse: a read-only lake for the process, and figures cached by snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from warehouse.readers import network
from warehouse.settings import Settings, load_settings
from warehouse.store import Lake, open_lake

Answer = TypeVar("Answer")
# Long enough that a click costs no query; a changed registry, which makes no snapshot, shows after that time.
_KEPT_SECONDS = 300


def lake() -> Lake:
    """The process's lake. Raises `StoreMissing` where nothing was written yet."""
    settings = load_settings()
    return _open(str(settings.home), _catalog_mark(settings), settings)


def read(reader: Callable[..., Answer], *arguments: object, **named: object) -> Answer:
    """What `reader` gives for the newest snapshot; the same question is answered from memory."""
    store = lake()
    where = (str(store.settings.home), _catalog_mark(store.settings))
    question = (reader.__module__, reader.__qualname__, arguments, tuple(sorted(named.items())))
    answer: Answer = _answer(where, _mark(where, store), question, store, reader, arguments, named)
    return answer


def read_at(snapshot_id: int, reader: Callable[..., Answer], *arguments: object, **named: object) -> Answer:
    """What `reader` gives for the lake as it was at a snapshot."""
    store = lake()
    where = (str(store.settings.home), _catalog_mark(store.settings))
    then = _open_at(*where, snapshot_id, store.settings)
    question = (reader.__module__, reader.__qualname__, arguments, tuple(sorted(named.items())))
    mark = (snapshot_id, _mark(where, store)[1])
    answer: Answer = _answer(where, mark, question, then, reader, arguments, named)
    return answer


def snapshot() -> int:
    """The lake's snapshot that the page shows."""
    store = lake()
    return _mark((str(store.settings.home), _catalog_mark(store.settings)), store)[0]


def _catalog_mark(settings: Settings) -> int:
    # A data folder that was deleted and made anew is another warehouse, though its path is the same.
    catalog: Path = settings.home / "catalog.sqlite"
    return catalog.stat().st_ino if catalog.exists() else 0


@st.cache_resource(show_spinner=False, max_entries=2)
def _open(home: str, catalog_mark: int, _settings: Settings) -> Lake:  # noqa: ARG001 (they are the cache's key)
    return open_lake(_settings, read_only=True)


@st.cache_resource(show_spinner=False, max_entries=2)
def _open_at(home: str, catalog_mark: int, snapshot_id: int, _settings: Settings) -> Lake:  # noqa: ARG001
    return open_lake(_settings, at=snapshot_id)


@st.cache_data(ttl=1, max_entries=8, show_spinner=False)
def _mark(where: tuple[str, int], _lake: Lake) -> tuple[int, int]:  # noqa: ARG001
    return network.mark(_lake)


@st.cache_data(ttl=_KEPT_SECONDS, max_entries=512, show_spinner=False)
def _answer(
    where: tuple[str, int],  # noqa: ARG001
    mark: tuple[int, int],  # noqa: ARG001
    question: tuple[object, ...],  # noqa: ARG001
    _lake: Lake,
    _reader: Callable[..., Any],
    _arguments: tuple[object, ...],
    _named: dict[str, Any],
) -> Any:
    return _reader(_lake, *_arguments, **_named)
