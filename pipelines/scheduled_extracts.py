"""Scheduled extracts: files of a past month or day in a folder or a bucket, with a manifest that names their snapshot.

A folder gets `2026-10/cdrs.csv` …: each file is complete when it has its name, and `manifest.json` is written last. All
files of one run are of one mark, so `kwhouse extract … --snapshot MARK` writes the same bytes again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

from warehouse.errors import SettingsError
from warehouse.extracts import EXTRACTS, extract_content
from warehouse.extracts.marks import newest_with_accounts
from warehouse.files import refuse_own, whole_file
from warehouse.settings import Settings
from warehouse.store import Lake
from warehouse.store.bucket import write_object

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class WrittenExtract:
    """One file, as the manifest lists it."""

    extract: str
    file: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ScheduledReport:
    """What a run wrote, where, and the mark of all of it."""

    folder: str
    date_from: date
    date_to: date
    snapshot: str
    files: tuple[WrittenExtract, ...]


class Place(Protocol):
    """Where files go: a file is there whole or not at all."""

    def write(self, name: str, content: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    path: Path
    settings: Settings

    def write(self, name: str, content: bytes) -> None:
        target = self.path / name
        refuse_own(target, self.settings)
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as path:
            path.write_bytes(content)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix of an S3 bucket; an object is there when its upload is complete."""

    address: str

    def write(self, name: str, content: bytes) -> None:
        write_object(f"{self.address.rstrip('/')}/{name}", content)


def place_of(settings: Settings) -> Place | None:
    """Where `extract_to` points; None: nothing is to be made. Raises `SettingsError` for another kind of address."""
    target = settings.extract_to
    if not target:
        return None
    if target.startswith("s3://"):
        return Bucket(target)
    if "://" in target:
        raise SettingsError(f"KWHOUSE_EXTRACT_TO: {target!r} is neither a folder nor s3://bucket/prefix.")
    return Folder(Path(target).expanduser().resolve(), settings)


def write_scheduled(lake: Lake, date_from: date, date_to: date) -> ScheduledReport | None:
    """Write the extracts of the settings for local days from `date_from` (included) to `date_to` (not included).

    None where the settings name no place.
    """
    settings = lake.settings
    place = place_of(settings)
    if place is None:
        return None
    names = [name.strip() for name in settings.extract_names.split(",") if name.strip()]
    if unknown := [name for name in names if name not in EXTRACTS]:
        raise SettingsError(
            f"KWHOUSE_EXTRACT_NAMES: there is no extract {unknown[0]!r}; there are {', '.join(EXTRACTS)}."
        )
    mark, folder, written = str(newest_with_accounts(lake)), folder_of(date_from, date_to), []
    for name in names:
        formats = EXTRACTS[name].formats
        fmt = settings.extract_format if settings.extract_format in formats else formats[0]
        content, rows, _ = extract_content(lake, name, date_from, date_to, fmt, snapshot=mark)
        file = f"{name}.{fmt}"
        place.write(f"{folder}/{file}", content)
        written.append(WrittenExtract(name, file, rows, len(content), hashlib.sha256(content).hexdigest()))
    report = ScheduledReport(folder, date_from, date_to, mark, tuple(written))
    manifest = json.dumps(asdict(report), default=str, indent=2) + "\n"
    place.write(f"{folder}/{MANIFEST}", manifest.encode())
    return report


def folder_of(date_from: date, date_to: date) -> str:
    """`2026-10` for a whole month, `2026-10-31` for a day, `2026-10-01--2026-10-15` for other days."""
    if date_from.day == 1 and date_to == month_after(date_from):
        return f"{date_from:%Y-%m}"
    last = date_to - timedelta(days=1)
    return date_from.isoformat() if date_from == last else f"{date_from}--{last}"


def last_month(today: date) -> tuple[date, date]:
    """The first days of the month before and of this one."""
    first = today.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), first


def month_after(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
