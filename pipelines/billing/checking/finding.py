"""What a check of tariffs finds."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `error`: prices cannot be what was meant, or there is none; `warning`: probably so; `note`:
    worth knowing.

    `kind` is one word for programs. The place is a tariff, its version and the number of its element (from 0, as on the
    lines of a CDR), or an assignment, or a place of the network, in `place` as one text.
    """

    level: str
    kind: str
    place: str
    words: str
    mend: str
    tariff_id: str | None = None
    version: int | None = None
    element_no: int | None = None

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.words} {self.mend}"
