"""Number series of documents: each is one operator's, or the numbers of both would have gaps.

An operator has four series a year: of invoices, credit notes (`C`), and of site owners' documents (`O`, `OC`). What
follows is always four digits of the year, so two series are the same where what comes before the year is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from warehouse.errors import Problem
from warehouse.registry.records import Record

_KINDS = ("", "C", "O", "OC")


def shared(operators: Sequence[Record]) -> Iterator[Problem]:
    """Operators that would number documents in a series of another one's."""
    taken: dict[str, object] = {}
    for record in operators:
        operator, prefix = record.get("operator_id"), _prefix(record)
        if prefix is None or operator in taken.values():
            continue  # what could not be read, or stands twice, is told already
        mine = [f"{prefix}{kind}" for kind in _KINDS]
        if twice := next((name for name in mine if name in taken), None):
            own = f"{prefix!r}" if record.get("invoice_series") else f"{prefix!r} (its key, as none is declared)"
            reason = (
                f"documents of {operator} would be numbered with {own} and those of {taken[twice]} share the series "
                f"{twice!r}: give one of them another invoice_series. Credit notes add C to it, owners' documents O"
            )
            yield record.problem("invoice_series", reason)
        taken |= {name: taken.get(name, operator) for name in mine}


def _prefix(record: Record) -> str | None:
    """What an operator's document numbers begin with."""
    operator, declared = record.get("operator_id"), record.values.get("invoice_series")
    if not isinstance(operator, str) or "invoice_series" not in record.values:
        return None
    return str(declared) if declared else operator.upper()
