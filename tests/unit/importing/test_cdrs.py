"""OCPI CDRs as they come: object, array, envelope, lines; charged and taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.importing import cdr_documents, source
from ingest.importing.cdr_documents import Document, documents
from ingest.importing.cdrs import cdr_row, import_cdrs
from ingest.importing.instants import microseconds
from ingest.importing.session_rows import BadRow
from ingest.importing.source import find_sources
from tests.imported import rows
from warehouse.settings import Settings

pytestmark = pytest.mark.fast


def cdr(number: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        "country_code": "de", "party_id": "ABC", "id": f"cdr-{number}", "start_date_time": "2026-01-02T03:00:00Z",
        "end_date_time": "2026-01-02T04:30:00", "cdr_token": {"uid": "TAG", "type": "RFID", "contract_id": "C"},
        "cdr_location": {"id": "L1", "evse_uid": "E77", "evse_id": "DE*ABC*E77", "connector_id": "2"},
        "currency": "EUR", "total_energy": 12.3456789, "total_time": 1.5, "total_parking_time": 0.25,
        "charging_periods": [
            {"start_date_time": "2026-01-02T03:00:00Z",
             "dimensions": [{"type": "ENERGY", "volume": 1}, {"type": "MAX_POWER", "volume": 10.98}]},
            {"start_date_time": "2026-01-02T04:00:00Z", "dimensions": [{"type": "MAX_POWER", "volume": 3}]},
        ],
        "total_cost": {"excl_vat": 4.00}, "last_updated": "2026-01-02T05:00:00Z",
    } | changed  # fmt: skip


def test_a_cdr_becomes_a_record_with_its_document(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "one.json").write_text(json.dumps(cdr()))
    report = import_cdrs(settings, [str(tmp_path / "one.json")])
    (row,) = rows(settings, "session_records")
    assert report.exit_status == 0
    assert (row["kind"], row["external_session_id"]) == ("ocpi_cdr", "DE*ABC*cdr-1")
    assert (row["station_id"], row["evse_id"], row["connector_id"], row["site_id"]) == ("E77", 2, 2, "L1")
    assert (row["started_at"], row["ended_at"]) == tuple(
        datetime(2026, 1, 2, hour, minute, tzinfo=UTC) for hour, minute in ((3, 0), (4, 30))
    )
    assert (row["energy_wh"], row["charging_seconds"], row["max_power_w"]) == (Decimal("12345.6789"), 4500, 10980)
    assert (row["id_token"], row["source"]) == ("TAG", "one.json:1")
    assert row["document"] == json.dumps(cdr()), "as it came"


def test_a_credit_bears_the_id_of_what_it_takes_back() -> None:
    credit = cdr(2, credit=True, credit_reference_id="cdr-1", total_energy=-12.3456789)
    row = cdr_row(document(credit), "f:1", 0)
    assert (row[2], row[3]) == ("ocpi_credit", "DE*ABC*cdr-1")
    assert row[1] == microseconds(datetime(2026, 1, 2, 5, tzinfo=UTC)), "last_updated, not the time of the import"
    assert cdr_row(document(cdr(last_updated=None)), "f:1", 7)[1] == 7
    with pytest.raises(BadRow, match="credit_reference_id"):
        cdr_row(document(cdr(2, credit=True)), "f:1", 0)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"cdr_location": None}, "2.2.1"),
        ({"cdr_location": {"connector_id": "1"}}, "evse_id is missing"),
        ({"total_energy": None}, "total_energy"),
        ({"total_energy": -1}, "total_energy"),
        ({"total_energy": "1"}, "not a number"),
        ({"start_date_time": "yesterday"}, "RFC 3339"),
        ({"end_date_time": "2026-01-02T02:00:00Z"}, "before"),
        ({"id": ""}, "id is missing"),
    ],
)
def test_a_cdr_that_cannot_be_used_says_why(changed: dict[str, Any], match: str) -> None:
    with pytest.raises(BadRow) as bad:
        cdr_row(document(cdr(**changed)), "f:1", 0)
    assert match in f"{bad.value.field} {bad.value.reason}"


def test_without_evse_uid_the_evse_id_is_the_station_and_odd_connectors_are_unknown() -> None:
    row = cdr_row(
        document(cdr(cdr_location={"evse_id": "DE*ABC*E1", "connector_id": "left"}, cdr_token=None)), "f:1", 0
    )
    assert (row[0], row[4], row[5], row[7]) == ("DE*ABC*E1", None, None, None)


@pytest.mark.parametrize("block", [1, 7, 100_000])
@pytest.mark.parametrize("shape", ["array", "pretty", "lines", "envelope", "pages"])
def test_every_shape_gives_the_same_documents(
    tmp_path: Path, shape: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BLOCK_BYTES", block)
    wanted = [cdr(number) for number in range(3)]
    text = {
        "array": json.dumps(wanted),
        "pretty": json.dumps(wanted, indent=2),
        "lines": "\n".join(map(json.dumps, wanted)) + "\n",
        "envelope": json.dumps({"data": wanted, "status_code": 1000}),
        "pages": "\n".join(json.dumps({"status_code": 1000, "data": page}) for page in (wanted[:2], wanted[2])),
    }[shape]
    (tmp_path / "cdrs.json").write_text(text)
    found = list(documents(*find_sources([str(tmp_path / "cdrs.json")])))
    assert [json.loads(one.text) for one in found] == wanted


def test_a_broken_line_does_not_keep_the_others_back(tmp_path: Path) -> None:
    (tmp_path / "cdrs.jsonl").write_text(
        "\n".join([json.dumps(cdr(1)), '{"id": oops}', json.dumps(cdr(2)), '{"id": "c'])
    )
    settings = Settings(home=tmp_path / "home")
    report = import_cdrs(settings, [str(tmp_path / "cdrs.jsonl")])
    assert (report.taken, report.exit_status) == (2, 1)
    assert sorted(report.refused) == ["the document is cut off", "the document not JSON: Expecting value"]


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(['{"a":', "1", "[", "]", "}", ",", '"', "\n", "{}", "-"])).map("".join)
)
def test_any_text_gives_documents_to_its_end(text: str) -> None:
    values = list(cdr_documents._values(iter([text[i : i + 3] for i in range(0, len(text), 3)])))
    assert len(values) <= len(text)


def document(value: object) -> Document:
    text = json.dumps(value)
    return Document(cdr_documents._EXACT.decode(text), text)
