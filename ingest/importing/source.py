"""What an import reads: files of this machine and objects in a bucket, unpacked, in blocks of bytes.

Nothing is ever read whole. gzip, zstd and bzip2 are told by their first bytes, whatever the name says.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from warehouse.errors import InputError

if TYPE_CHECKING:
    from pyarrow import NativeFile
    from pyarrow.fs import S3FileSystem

BLOCK_BYTES: Final = 4_194_304
LONGEST_LINE_BYTES: Final = 16_777_216  # a frame is 1 MiB at most (KWHOUSE_MAX_FRAME_BYTES); JSON doubles it at worst

_PACKED: Final = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bz2"))
_FOREIGN: Final = (
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
    (b"\xfd7zXZ", "packed with xz; unpack it first, or pack it with gzip or zstd"),
)
PARQUET_MARK: Final = b"PAR1"
_WILD = re.compile(r"[*?\[]")


class Unreadable(InputError):
    """One source cannot be read to its end; the others can."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name, self.reason = name, reason


@dataclass(frozen=True, slots=True)
class Source:
    """One file or object. `name` is what messages and the `source` column call it."""

    name: str
    open_raw: Callable[[], NativeFile]
    open_seekable: Callable[[], NativeFile]
    """For Parquet, whose table of contents stands at its end."""

    @contextmanager
    def opened(self) -> Iterator[NativeFile]:
        """Its bytes from the beginning, unpacked. Raises `Unreadable`, also while the caller reads."""
        import pyarrow as pa

        try:
            mark = self.mark()
            stream = self.open_raw()
            try:
                packing = next((name for magic, name in _PACKED if mark.startswith(magic)), None)
                yield pa.CompressedInputStream(stream, packing) if packing else stream
            finally:
                stream.close()
        except OSError as error:
            raise Unreadable(self.name, _told(error)) from error

    def mark(self) -> bytes:
        """The first bytes as they lie there. Raises `Unreadable` for what is no text, table or known packing."""
        try:
            with self.open_raw() as stream:
                mark: bytes = stream.read(8)
        except OSError as error:
            raise Unreadable(self.name, _told(error)) from error
        for magic, what in _FOREIGN:
            if mark.startswith(magic):
                raise Unreadable(self.name, f"is {what}")
        return mark


@dataclass(frozen=True, slots=True)
class Content:
    """What one pass over the unpacked bytes tells: their SHA-256, how many bytes and lines there are."""

    digest: str
    bytes_read: int
    lines: int
    head: bytes
    """The first block."""


def find_sources(arguments: Sequence[str]) -> list[Source]:
    """The files named, and the objects that `s3://bucket/path*` stands for, in that order.

    Credentials come from the usual AWS_* variables, AWS_ENDPOINT_URL included. Raises `InputError` where nothing is
    found under a name.
    """
    found: list[Source] = []
    for argument in arguments:
        found += _objects(argument) if argument.startswith("s3://") else [_file(argument)]
    return found


def blocks(stream: NativeFile) -> Iterator[bytes]:
    """The bytes in pieces of a few megabytes."""
    while block := stream.read(BLOCK_BYTES):
        yield block


def examine(source: Source, progress: Callable[[int], None] = lambda _: None) -> Content:
    """Read all of it once. `progress` is told the number of lines so far."""
    digest = hashlib.sha256()
    total = lines = 0
    head = last = b""
    with source.opened() as stream:
        for block in blocks(stream):
            digest.update(block)
            total += len(block)
            lines += block.count(b"\n")
            head = head or block
            last = block
            progress(lines)
    return Content(digest.hexdigest(), total, lines + (bool(last) and not last.endswith(b"\n")), head)


def lines_of(stream: NativeFile) -> Iterator[list[bytes | None]]:
    """Lines without their line ends, some thousand at a time; None stands for one that is too long to be kept."""
    rest = b""
    too_long, first = False, True
    for block in blocks(stream):
        if first:
            block, first = block.removeprefix(b"\xef\xbb\xbf"), False
        found: list[bytes | None] = [*(rest + block).split(b"\n")]
        rest = found.pop() or b""
        if too_long and found:
            found[0], too_long = None, False
        if len(rest) > LONGEST_LINE_BYTES or too_long:
            rest, too_long = b"", True
        yield found
    if rest or too_long:
        yield [None if too_long else rest]


def _file(name: str) -> Source:
    path = Path(name)
    if not path.is_file():
        mend = "It is a folder: name its files" if path.is_dir() else "Check its name"
        raise InputError(f"{name} is not a file. {mend}; nothing was read.")

    def open_raw() -> NativeFile:
        import pyarrow as pa

        return pa.OSFile(str(path))

    return Source(path.name, open_raw, open_raw)


def _objects(address: str) -> list[Source]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    system = _bucket_system()
    try:
        keys = [f"{bucket}/{key}"] if not _WILD.search(key) else _matching(system, bucket, key)
        if not bucket or not key or not keys:
            raise InputError(f"{address} names no object. Write it as s3://bucket/path or s3://bucket/folder/*.gz.")
        return [
            Source(f"s3://{name}", partial(system.open_input_stream, name), partial(system.open_input_file, name))
            for name in keys
        ]
    except OSError as error:
        raise InputError(
            f"{address} cannot be listed: {_words(error)} Check the bucket's name and the AWS_* variables."
        ) from error


def _matching(system: S3FileSystem, bucket: str, pattern: str) -> list[str]:
    from pyarrow.fs import FileSelector, FileType

    wild = _WILD.search(pattern)
    folder = pattern[: wild.start() if wild else None].rpartition("/")[0]
    listed = system.get_file_info(FileSelector(f"{bucket}/{folder}".rstrip("/"), recursive=True))
    return sorted(
        entry.path
        for entry in listed
        if entry.type == FileType.File and fnmatch.fnmatchcase(entry.path, f"{bucket}/{pattern}")
    )


def _bucket_system() -> S3FileSystem:
    from pyarrow.fs import S3FileSystem

    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    scheme, _, host = endpoint.rpartition("://")
    return S3FileSystem(
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ("us-east-1" if host else None),
        endpoint_override=host.rstrip("/") or None,
        scheme=scheme or "https",
    )


def _words(error: OSError) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _told(error: OSError) -> str:
    words = _words(error)
    if "runcated" in words:
        return "is cut off: unpacking ends before its end. Fetch it again"
    return f"cannot be read: {words}"
