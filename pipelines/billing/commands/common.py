"""What the commands of billing share: opening lake and state database, the clock, files, progress."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

    from warehouse.settings import Settings
    from warehouse.store import Lake


@contextmanager
def opened_both(*, read_only: bool = False) -> Iterator[tuple[Lake, sa.Engine]]:
    """The lake and the state database of the settings; `read_only`: the lake."""
    from warehouse.settings import load_settings
    from warehouse.state import opened
    from warehouse.store import open_lake

    settings = load_settings()
    with opened(settings) as engine, open_lake(settings, read_only=read_only) as lake:
        yield lake, engine


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def write_output(settings: Settings, output: Path, content: bytes) -> None:
    """Write a file whole or not at all, and none of kwhouse's own."""
    from warehouse.files import refuse_own, whole_file

    refuse_own(output, settings)
    with whole_file(output) as path:
        path.write_bytes(content)


def progress(done: int, of_all: int) -> None:
    """Tell a person how far it is; nothing where nobody looks."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} of {of_all:,}" + ("\n" if done == of_all else ""))
        sys.stderr.flush()
