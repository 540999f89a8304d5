"""The pages' one way to the warehouse: a read-only lake for the process, and figures cached by snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from warehouse.readers import network
from warehouse.settings import Settings, load_settings
from warehouse.store import Lake, open_lake

if TYPE_CHECKING:
    import polars as pl

# Long enough that a click costs no query; a changed registry, which makes no snapshot, shows after that time.
_KEPT_SECONDS = 300


def lake() -> Lake:
    """The process's lake. Raises `StoreMissing` where nothing was written yet."""
    settings = load_settings()
    return _open(str(settings.home), _catalog_mark(settings), settings)


def read(reader: Callable[..., pl.DataFrame], *arguments: object, **named: object) -> pl.DataFrame:
    """What `reader` gives for the newest snapshot; the same question is answered from memory."""
    store = lake()
    where = (str(store.settings.home), _catalog_mark(store.settings))
    question = (reader.__module__, reader.__qualname__, arguments, tuple(sorted(named.items())))
    return _answer(where, _snapshot(where, store), question, store, reader, arguments, named)


def snapshot() -> int:
    """The lake's snapshot that the page shows."""
    store = lake()
    return _snapshot((str(store.settings.home), _catalog_mark(store.settings)), store)


def _catalog_mark(settings: Settings) -> int:
    # A data folder that was deleted and made anew is another warehouse, though its path is the same.
    catalog: Path = settings.home / "catalog.sqlite"
    return catalog.stat().st_ino if catalog.exists() else 0


@st.cache_resource(show_spinner=False, max_entries=2)
def _open(home: str, catalog_mark: int, _settings: Settings) -> Lake:  # noqa: ARG001 (they are the cache's key)
    return open_lake(_settings, read_only=True)


@st.cache_data(ttl=1, max_entries=8, show_spinner=False)
def _snapshot(where: tuple[str, int], _lake: Lake) -> int:  # noqa: ARG001
    return network.snapshot(_lake)


@st.cache_data(ttl=_KEPT_SECONDS, max_entries=512, show_spinner=False)
def _answer(
    where: tuple[str, int],  # noqa: ARG001
    snapshot_id: int,  # noqa: ARG001
    question: tuple[object, ...],  # noqa: ARG001
    _lake: Lake,
    _reader: Callable[..., pl.DataFrame],
    _arguments: tuple[object, ...],
    _named: dict[str, Any],
) -> pl.DataFrame:
    return _reader(_lake, *_arguments, **_named)
