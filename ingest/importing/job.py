"""What all imports have in common: which files, what is there already, and the summary."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ingest.cyclic_gc import without_cyclic_gc
from ingest.importing.chunks import ROWS_A_FILE, Chunks, all_landed, landed_files
from ingest.importing.report import ImportReport
from ingest.importing.source import Content, Source, Unreadable, examine, find_sources
from ingest.importing.unregistered import unregistered_stations
from ingest.progress import Progress
from warehouse.contract.model import Table
from warehouse.settings import Settings
from warehouse.store.lock import file_lock


def _silent(_done: int, _all: int) -> None:
    """Show nothing."""


silent: Final[Progress] = _silent


def import_id(content: Content, said: Sequence[object]) -> str:
    """The `collector_id` of an import: follows from the content, and from what the person says beside it."""
    if not any(said):
        return f"import-{content.digest[:16]}"
    return f"import-{hashlib.sha256(json.dumps([content.digest, *said]).encode()).hexdigest()[:16]}"


class Job:
    """One command on its way through its files."""

    def __init__(
        self, settings: Settings, unit: str, progress: Progress = silent, rows_a_file: int = ROWS_A_FILE
    ) -> None:
        self.settings, self.progress = settings, progress
        self.report = ImportReport(unit)
        self._rows_a_file = rows_a_file
        self._known = landed_files(settings)

    def run(self, files: Sequence[str], import_one: Callable[[Source], None]) -> ImportReport:
        """Import each file; one that cannot be read does not keep the others back."""
        begun = time.perf_counter()
        for source in find_sources(files):
            try:
                with without_cyclic_gc():
                    import_one(source)
            except Unreadable as error:
                self.report.unreadable[error.name] = error.reason
        self.report.unregistered = unregistered_stations(self.settings, self.report.stations)
        self.report.seconds = time.perf_counter() - begun
        return self.report

    def examine(self, source: Source) -> Content:
        """Read all of it once. Raises `Unreadable` where there is nothing."""
        content = examine(source, lambda lines: self.progress(lines, 0))
        if not content.bytes_read:
            raise Unreadable(source.name, "is empty")
        return content

    @contextmanager
    def chunks(self, source: Source, identity: str, numbers: int, tables: Sequence[Table]) -> Iterator[Chunks | None]:
        """Where the rows numbered 1 to `numbers` go; None where all of them are there. The last table is the main one.

        Raises `StoreBusy` while another process imports the same.
        """
        main = tables[-1]
        if all_landed(self._known, main, identity, numbers, self._rows_a_file):
            self.report.already_imported.append(source.name)
            yield None
            return
        # Two imports of one content would write the same names.
        with file_lock(self.settings.home / "tmp" / f"{identity}.lock", 1.0):
            chunks = Chunks(self.settings.landing, self._known, identity, numbers, tables, self._rows_a_file)
            try:
                with chunks:
                    yield chunks
            finally:
                self.report.taken += chunks.written[main.name]
                self.report.there_already += chunks.there_already[main.name]
