"""What an import took, kept as text, found already there and refused, with the first lines of each reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

EXAMPLES: Final = 3
_LONGEST_EXAMPLE: Final = 120
_STATIONS_NAMED: Final = 5


@dataclass(slots=True)
class Reason:
    """One reason: how many lines it met, and the first of them as `file:line: text`."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, place: str, text: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            short = _printable(" ".join(text[: _LONGEST_EXAMPLE * 2].split()))
            self.examples.append(f"{place}: {short[:_LONGEST_EXAMPLE]}{'…' if len(short) > _LONGEST_EXAMPLE else ''}")


@dataclass(slots=True)
class ImportReport:
    """The summary of one command. `unit` is what it counts: frames, sessions, CDRs."""

    unit: str
    taken: int = 0
    """Rows written in this run."""
    there_already: int = 0
    """Rows that an earlier run had written."""
    no_frame: int = 0
    """Lines of a log that hold no frame."""
    kept_as_text: dict[str, Reason] = field(default_factory=dict)
    """Texts that are no OCPP frame, by reason; they stand in raw.rejected."""
    refused: dict[str, Reason] = field(default_factory=dict)
    """What was left out, by reason."""
    already_imported: list[str] = field(default_factory=list)
    """Files of which everything was there."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Files that could not be read, with the reason."""
    stations: dict[str, int] = field(default_factory=dict)
    """Rows by station, of what was read in this run."""
    unregistered: list[str] = field(default_factory=list)
    """Stations that the registry does not know."""
    starting_registry: str | None = None
    """The folder with registry files to be completed, where they were asked for and needed."""
    seconds: float = 0.0

    def count(self, station_id: str) -> None:
        """A row of this station was read and can be used."""
        self.stations[station_id] = self.stations.get(station_id, 0) + 1

    def refuse(self, reason: str, place: str, text: str) -> None:
        self.refused.setdefault(reason, Reason()).note(place, text)

    def keep_as_text(self, reason: str, place: str, text: str) -> None:
        self.kept_as_text.setdefault(reason, Reason()).note(place, text)

    @property
    def exit_status(self) -> int:
        """0: everything was taken; 1: something was refused, could not be read, or there was nothing."""
        nothing = not (self.taken or self.there_already or self.already_imported or self.kept_as_text)
        return int(bool(self.refused or self.unreadable or nothing))

    def __str__(self) -> str:
        lines = [self._taken()]
        if self.there_already:
            lines.append(f"There already: {self.there_already:,} {self.unit}.")
        lines += [f"{name} was already imported: nothing to do." for name in self.already_imported]
        if self.no_frame:
            lines.append(f"Lines without a frame, passed over: {self.no_frame:,}.")
        lines += self._reasons(
            self.kept_as_text, "Kept in raw.rejected, for they are no OCPP frame ({reason}): {count:,}"
        )
        lines += self._reasons(self.refused, "Refused: {count:,}, {reason}")
        lines += [f"{name} {reason}" for name, reason in self.unreadable.items()]
        if self.unregistered:
            named = _printable(", ".join(self.unregistered[:_STATIONS_NAMED]))
            more = f" and {len(self.unregistered) - _STATIONS_NAMED:,} more" if len(self.unregistered) > 5 else ""
            many = "stations are" if len(self.unregistered) != 1 else "station is"
            lines.append(f"{len(self.unregistered):,} {many} not in the registry: {named}{more}.")
        if self.starting_registry:
            lines.append(
                f"Registry files for them are in {self.starting_registry}: complete what is marked, then: "
                f"kwhouse registry apply {self.starting_registry}"
            )
        if self.taken:
            lines.append("Now: kwhouse refresh")
        return "\n".join(lines)

    def _taken(self) -> str:
        if not self.taken:
            return "Nothing new was imported."
        worth_a_rate = self.seconds >= 1 and self.taken >= 1_000
        rate = f" in {self.seconds:.0f} s, {self.taken / self.seconds:,.0f} a second" if worth_a_rate else ""
        count = len(self.stations)
        unit = self.unit if self.taken != 1 else self.unit.removesuffix("s")
        return f"Imported {self.taken:,} {unit} of {count:,} station{'s' if count != 1 else ''}{rate}."

    @staticmethod
    def _reasons(reasons: dict[str, Reason], head: str) -> list[str]:
        lines = []
        for reason, met in sorted(reasons.items(), key=lambda item: -item[1].count):
            lines.append(head.format(count=met.count, reason=reason))
            lines += [f"    {example}" for example in met.examples]
            if met.count > len(met.examples):
                lines.append(f"    … and {met.count - len(met.examples):,} more")
        return lines


def _printable(text: str) -> str:
    """What others wrote must do nothing to a terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
