"""`kwhouse import frames`: OCPP frames from JSON lines and logs, into `raw.messages` and `raw.rejected`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from ingest.importing.chunks import ROWS_A_FILE, Chunks
from ingest.importing.intake import CannotTell, Intake, Told, likely_version
from ingest.importing.job import Job, import_id, silent
from ingest.importing.lines import Heard, Line, LineReader, NoFrame, Refused
from ingest.importing.report import ImportReport
from ingest.importing.source import PARQUET_MARK, Source, Unreadable, lines_of
from ingest.ocpp.frames import Frame, Rejection
from ingest.progress import Progress, Words
from warehouse.contract.raw import MESSAGES, REJECTED
from warehouse.settings import Settings

WORDS: Final = Words("import", "lines", "beginning")
_LINES_LOOKED_AT: Final = 2_000  # of the beginning, for the version


def import_frames(
    settings: Settings,
    files: Sequence[str],
    told: Told | None = None,
    *,
    progress: Progress = silent,
    rows_a_file: int = ROWS_A_FILE,
) -> ImportReport:
    """Land the frames of `files` (paths and s3:// addresses). Raises `InputError` where a file is not there."""
    job = Job(settings, "frames", progress, rows_a_file)
    return job.run(files, partial(_import_one, job, told or Told()))


def _import_one(job: Job, told: Told, source: Source) -> None:
    if source.mark().startswith(PARQUET_MARK):
        raise Unreadable(source.name, "is Parquet; frames come as JSON lines or as a log")
    content = job.examine(source)
    said = [told.station, told.version, told.zone and told.zone.key]
    with job.chunks(source, import_id(content, said), content.lines, (REJECTED, MESSAGES)) as chunks:
        if chunks is None:
            return
        run = _Run(source.name, Intake(told, _first_version(content.head)), chunks, job.report)
        number = 0
        with source.opened() as stream:
            for batch in lines_of(stream):
                for raw in batch:
                    number += 1
                    run.take(number, raw)
                job.progress(number, content.lines)
        run.end()


class _Run:
    """The lines of one file on their way to rows and the report."""

    def __init__(self, name: str, intake: Intake, chunks: Chunks, report: ImportReport) -> None:
        self._name, self._intake, self._chunks, self._report = name, intake, chunks, report
        self._reader = LineReader()

    def take(self, number: int, raw: bytes | None) -> None:
        for line in self._reader.read(number, raw):
            if isinstance(line, Heard):
                self._heard(line, raw)
            else:
                self._other(line)

    def end(self) -> None:
        for line in self._reader.end():
            if isinstance(line, Heard):
                self._heard(line, None)
            else:
                self._other(line)

    def _other(self, line: Line) -> None:
        if isinstance(line, NoFrame):
            self._report.no_frame += 1
        elif isinstance(line, Refused):
            self._report.refuse(line.reason, f"{self._name}:{line.number}", line.text)

    def _heard(self, heard: Heard, raw: bytes | None) -> None:
        try:
            row = self._intake.message(heard)
            if isinstance(row, Rejection):
                if heard.unchecked:
                    self._again(heard.number, raw)
                else:
                    self._keep(heard, row)
                return
        except CannotTell as error:
            self._report.refuse(error.reason, f"{self._name}:{heard.number}", heard.text)
            return
        self._chunks.add(MESSAGES, row, len(row[9]))
        self._report.count(row[2])

    def _again(self, number: int, raw: bytes | None) -> None:
        for line in self._reader.read(number, raw, closely=True):
            if isinstance(line, Heard):
                self._heard(line, raw)
            else:
                self._other(line)

    def _keep(self, heard: Heard, rejection: Rejection) -> None:
        row = self._intake.rejected(heard, rejection)
        self._chunks.add(REJECTED, row, len(heard.text))
        self._report.keep_as_text(rejection.reason, f"{self._name}:{heard.number}", heard.text)


def _first_version(head: bytes) -> str | None:
    """The version that the first telling frame of a file has; for frames before it that do not tell."""
    reader, intake = LineReader(), Intake(Told())
    frames: list[Frame] = []
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    for number, raw in enumerate(lines, start=1):
        for line in reader.read(number, raw):
            if isinstance(line, Heard) and line.version is None:
                frame = intake.parsed(line)
                if isinstance(frame, Frame):
                    frames.append(frame)
    return likely_version(frames)
