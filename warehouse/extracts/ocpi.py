"""Issued CDRs as OCPI 2.2.1 and 2.3.0 CDR objects, one JSON array.

An array holds every CDR that was asked for, or it is not written: what OCPI wants and nobody has declared is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

from warehouse import exact_json
from warehouse.errors import QueryError
from warehouse.extracts.ocpi_cdr import ocpi_cdr, unsaid

if TYPE_CHECKING:
    from warehouse.extracts.writing import Result

REASONS_SHOWN = 10


class NotToldInOcpi(QueryError):
    """CDRs lack what OCPI requires. `reasons`: what is missing or too long, with the number of CDRs concerned."""

    def __init__(self, version: str, reasons: dict[str, int]) -> None:
        told = [f"{reason} ({count} CDR{'s' * (count > 1)})" for reason, count in reasons.items()]
        more = f"; and {len(told) - REASONS_SHOWN} more" if len(told) > REASONS_SHOWN else ""
        super().__init__(
            f"Nothing was written: OCPI {version} needs more than is known. {'; '.join(told[:REASONS_SHOWN])}{more}. "
            "Declare it in the registry and extract again, or choose the sites to be told with --site."
        )
        self.reasons = reasons


def write_ocpi(result: Result, file: BinaryIO) -> int:
    """Write the array and give the number of CDRs. Raises `NotToldInOcpi`."""
    version, count = result.request.extract.shape.removeprefix("ocpi_"), 0
    reasons: dict[str, int] = {}
    file.write(b"[")
    for row in _rows(result):
        missing = unsaid(row, version)
        for reason in missing:
            reasons[reason] = reasons.get(reason, 0) + 1
        if not missing:
            file.write((",\n" if count else "\n").encode() + exact_json.dumps(ocpi_cdr(row, version)).encode())
        count += 1
    file.write(b"\n]\n")
    if reasons:
        raise NotToldInOcpi(version, reasons)
    return count


def _rows(result: Result) -> Iterable[dict[str, Any]]:
    names = result.columns
    for batch in result.batches():
        for row in batch:
            yield dict(zip(names, row, strict=True))
