"""What stands in the way of issuing a document: where, why, and what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warehouse.errors import InputError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is missing or does not add up. `place` is the field within the document."""

    place: str
    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}. {self.mend}"


class DocumentIncomplete(InputError):
    """A document that may not be issued as it is; holds all its faults."""

    def __init__(self, number: str, faults: Sequence[Fault]) -> None:
        listing = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"Document {number or '(no number)'} was not made. Mend {len(faults)} fault(s):\n{listing}")
        self.number, self.faults = number, tuple(faults)
