"""Write a file so that nobody ever sees half of it: a temporary name beside it, then a rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.errors import InputError
from warehouse.settings import Settings


def refuse_own(target: Path, settings: Settings) -> None:
    """Raise `InputError` where writing `target` would put a result over, or among, the warehouse's own files."""
    if settings.keeps(target):
        raise InputError(
            f"{target} is a place where the warehouse keeps its own files; nothing was written. Name a file elsewhere."
        )


@contextmanager
def whole_file(target: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a path to write to; when the block ends well, the file takes `target`'s name, durable and complete.

    When the block raises, `target` stays as it was. `private`: only the owner may read it (personal data).
    The path yielded does not exist yet.
    """
    folder = target.parent
    if not folder.is_dir():
        raise InputError(f"{target}: the folder {folder} does not exist. Make it first.")
    if target.is_dir():
        raise InputError(f"{target} is a folder. Name a file in it.")
    # In a folder of its own: writers that leave files beside theirs (DuckDB's .wal) are cleaned up with it.
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=folder) as aside:
        unfinished = Path(aside) / target.name
        yield unfinished
        unfinished.chmod(0o600 if private else 0o666 & ~_umask())
        sync(unfinished)
        unfinished.replace(target)
        sync(folder)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    # The only way to read it is to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
