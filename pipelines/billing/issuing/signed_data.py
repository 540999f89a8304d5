"""What a session's meter has signed, as OCPI's SignedData: the records as they came, for whoever checks the CDR.

Records that name the driver are not told: the name stands under the signature and cannot be taken out. All records of a
session are told or none, so that nobody takes a part for the whole.
Source: OCPI 2.2.1-d2 and 2.3.0, mod_cdrs.asciidoc, "SignedData class", "SignedValue class"; OCMF 1.4, "Identification".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.signed.frames import SignedValue, signed_values
from pipelines.signed.ocmf import Record, Unreadable, read_record
from pipelines.stages import sql, temp_table
from warehouse.store import Lake

_HERE = Path(__file__).parent
# What OCPI allows at most, in characters.
_LONGEST_PLAIN, _LONGEST_SIGNED, _LONGEST_KEY = 512, 5000, 512
_ENDS = frozenset("ELRAP")  # OCMF, TX: end; ended locally, remotely, by an abort, by a loss of power


def signed_data(values: Sequence[tuple[SignedValue, Sequence[str]]], registered_key: str | None) -> str | None:
    """SignedData as JSON of a session's values, each with the markers (TX) of its readings; None where none is told."""
    records = [_told(value) for value, _ in values]
    if not records or None in records:
        return None
    told = [
        {"nature": _nature(markers), "plain_data": record.payload, "signed_data": blob}
        for (record, blob), (_, markers) in zip(filter(None, records), values, strict=True)
    ]
    key = next((value.public_key for value, _ in values if value.public_key), registered_key)
    data: dict[str, Any] = {
        "encoding_method": "OCMF",
        "public_key": key if key is not None and len(key) <= _LONGEST_KEY else None,
        "signed_values": told,
    }
    return json.dumps({name: value for name, value in data.items() if value is not None})


def _told(value: SignedValue) -> tuple[Record, str] | None:
    if not value.is_ocmf:
        return None
    try:
        record = read_record(value.text)
        names_driver = bool(str(json.loads(record.payload).get("ID") or "").strip())
    except (Unreadable, ValueError, RecursionError, AttributeError):
        return None
    blob = base64.b64encode(value.text.encode("utf-8", "surrogatepass")).decode()
    fits = len(record.payload) <= _LONGEST_PLAIN and len(blob) <= _LONGEST_SIGNED
    return (record, blob) if fits and not names_driver else None


def _nature(markers: Sequence[str]) -> str:
    if _ENDS & set(markers):
        return "End"
    return "Start" if "B" in markers else "Intermediate"


def add_signed_data(lake: Lake) -> None:
    """Fill `signed_data` of `leaving_cdrs`, after `load_registry` of the meters' keys."""
    temp_table(lake, "leaving_values", sql(_HERE / "signed_values.sql"))
    first, last = lake.con.execute("SELECT min(received_at), max(received_at) FROM leaving_values").fetchall()[0]
    if first is None:
        return
    rows = lake.con.execute(
        "SELECT issued_cdr_id, payload, value_no, markers, public_key FROM leaving_values"
        " JOIN raw.messages AS messages USING (collector_id, seq)"
        # Only files of that time are opened.
        " WHERE messages.received_at BETWEEN $first AND $last"
        " ORDER BY issued_cdr_id, leaving_values.received_at, collector_id, seq, value_no",
        {"first": first, "last": last},
    ).fetchall()
    for issued_cdr_id, group in groupby(rows, key=lambda row: row[0]):
        some = list(group)
        values = [(signed_values(payload)[value_no], markers) for _, payload, value_no, markers, _ in some]
        lake.con.execute(
            "UPDATE leaving_cdrs SET signed_data = $data WHERE issued_cdr_id = $id",
            {"data": signed_data(values, some[0][4]), "id": issued_cdr_id},
        )
