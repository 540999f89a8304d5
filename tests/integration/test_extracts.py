"""Extracts: local days, exact figures, and the same rows in all four formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

import kwhouse
from tests.integration.priced_warehouse import build
from warehouse.errors import InputError, QueryError
from warehouse.extracts import EXTRACTS, Format, extract_bytes, format_of, write_extract
from warehouse.store import Lake, open_lake

JUNE = (date(2026, 6, 1), date(2026, 7, 1))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    settings = build(tmp_path_factory.mktemp("home"))
    with open_lake(settings, read_only=True) as lake:
        yield lake


def csv_rows(lake: Lake, name: str, date_from: date, date_to: date, **more: list[str]) -> list[dict[str, str]]:
    text = extract_bytes(lake, name, date_from, date_to, "csv", **more).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


ROWS = {"invoices": 2, "revenue_days": 1, "revenue_connectors": 2, "vat_summary": 0, "journal": 0}
ROWS |= {"cdrs_ocpi": 0, "cdrs_ocpi_230": 0, "received_cdrs": 0}
ROWS |= {"owner_statements": 1, "owner_documents": 0, "payments": 0}


@pytest.mark.parametrize(
    ("name", "fmt"),
    [(name, fmt) for name, extract in EXTRACTS.items() for fmt in extract.formats if name != "datev"],
)
def test_every_extract_in_every_format(lake: Lake, tmp_path: Path, name: str, fmt: Format) -> None:
    target = tmp_path / f"{name}.{fmt}"
    report = write_extract(lake, name, date(2026, 5, 1), date(2026, 7, 1), fmt, target)
    assert report.rows == ROWS.get(name, 3)
    # Of what posts to accounts, the mark says which accounts file it had: there is none here.
    assert report.mark == (f"{report.snapshot}#none" if name == "journal" else str(report.snapshot))
    assert (report.path, report.snapshot) == (target, lake.snapshot())
    assert [path.name for path in tmp_path.iterdir()] == [target.name], "nothing is left behind"
    assert target.stat().st_mode & 0o777 == 0o644
    personal = (b"Ada Example", b"ada@example.org", b"SECRETTOKEN", b"pseudonym")
    if fmt in ("csv", "json"):
        assert not any(word in target.read_bytes() for word in personal)


@pytest.mark.parametrize("name", [name for name, extract in EXTRACTS.items() if extract.shape == "table"])
def test_columns_are_those_of_the_catalog(lake: Lake, name: str) -> None:
    header = extract_bytes(lake, name, *JUNE, "csv").decode().splitlines()[0].split(",")
    assert header == list(EXTRACTS[name].columns)
    assert set(EXTRACTS[name].sums) <= set(header)


def test_the_command_line_names_them_all() -> None:
    named = kwhouse.extract.__annotations__["name"]
    assert all(name in named for name in EXTRACTS)


def test_days_are_local_days_the_first_included_the_last_not(lake: Lake) -> None:
    assert [row["session_id"] for row in csv_rows(lake, "cdrs", *JUNE)] == ["s2", "s3"]
    assert [row["session_id"] for row in csv_rows(lake, "cdrs", date(2026, 5, 31), date(2026, 6, 1))] == ["s1"]


def test_sites_narrow_the_rows_and_choose_whole_invoices(lake: Lake) -> None:
    assert [row["session_id"] for row in csv_rows(lake, "sessions", *JUNE, sites=["oslo"])] == ["s3"]
    assert [row["invoice_id"] for row in csv_rows(lake, "invoices", *JUNE, sites=["oslo"])] == ["i-NOK"]
    assert csv_rows(lake, "sessions", *JUNE, sites=[]) == []


def test_csv_is_exact_and_as_rfc_4180_says(lake: Lake) -> None:
    raw = extract_bytes(lake, "sessions", date(2026, 5, 31), date(2026, 6, 1), "csv")
    assert raw.count(b"\r\n") == 2
    (row,) = csv_rows(lake, "sessions", date(2026, 5, 31), date(2026, 6, 1))
    assert row["energy_kwh"] == "1.000000001"
    assert row["started_at"] == "2026-05-31T18:29:59Z"
    assert row["started_local"] == "2026-05-31T23:59:59"
    assert row["local_date"] == "2026-05-31"
    assert row["flags"] == "late_data;zero_readings"
    assert row["external_session_id"] == ""


def test_json_keeps_decimals_as_text_and_null_as_null(lake: Lake) -> None:
    rows = json.loads(extract_bytes(lake, "cdrs", *JUNE, "json"))
    assert [row["total_excl_vat"] for row in rows] == ["25.5000", "0.0050"]
    assert rows[0]["total_incl_vat"] is None
    assert json.loads(extract_bytes(lake, "cdrs", date(2020, 1, 1), date(2020, 1, 2), "json")) == []


def test_parquet_keeps_exact_types(lake: Lake) -> None:
    table = pq.read_table(io.BytesIO(extract_bytes(lake, "cdr_lines", *JUNE, "parquet")))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["amount_excl_vat"] == "decimal128(28, 12)"
    assert types["started_at"] == "timestamp[us, tz=UTC]"
    assert types["started_local"] == "timestamp[us]"
    assert types["local_date"] == "date32[day]"
    assert table["amount_excl_vat"].to_pylist() == [Decimal("25.5"), Decimal("0.005")]
    assert table["started_at"].to_pylist()[0] == datetime(2026, 5, 31, 18, 30, tzinfo=UTC)


def test_xlsx_has_typed_cells_and_a_total_per_currency(lake: Lake) -> None:
    content = io.BytesIO(extract_bytes(lake, "cdrs", date(2026, 5, 1), date(2026, 7, 1), "xlsx"))
    book = openpyxl.load_workbook(content, data_only=True)
    sheet = book["cdrs"]
    header = [cell.value for cell in sheet[1]]
    first = dict(zip(header, sheet[2], strict=True))
    assert sheet.freeze_panes == "A2"
    assert first["total_excl_vat"].value == 10.0001
    assert first["total_excl_vat"].number_format.startswith("[>=10000000]##\\,##"), "rupees are grouped in lakh"
    krone = dict(zip(header, sheet[4], strict=True))
    assert (krone["currency"].value, krone["total_excl_vat"].number_format) == ("NOK", "#,##0.00##")
    assert first["local_date"].value == datetime(2026, 5, 31)  # noqa: DTZ001
    assert first["started_local"].number_format == "yyyy-mm-dd hh:mm:ss"
    assert first["site_name"].value == "=Pune"
    assert first["site_name"].data_type == "s", "text stays text"
    totals = {row[0].value: dict(zip(header, row, strict=True)) for row in sheet.iter_rows(min_row=5)}
    assert list(totals) == ["Total INR", "Total NOK"]
    assert totals["Total INR"]["total_excl_vat"].value == 35.5001
    assert totals["Total NOK"]["net_energy_kwh"].value == 0.0005

    formulas = openpyxl.load_workbook(content)["cdrs"]
    cell = formulas.cell(5, header.index("net_energy_kwh") + 1)
    assert str(cell.value).startswith("=SUMIFS(")
    about = {row[0].value: row[1].value for row in book["about"].iter_rows()}
    assert about["to (not included)"] == "2026-07-01"
    assert about["started_at"] == "begin of the session, UTC"


def test_xlsx_columns_are_as_wide_as_what_they_hold(lake: Lake) -> None:
    content = io.BytesIO(extract_bytes(lake, "sessions", date(2026, 5, 1), date(2026, 7, 1), "xlsx"))
    sheet = openpyxl.load_workbook(content)["sessions"]
    for column in sheet.iter_cols():
        longest = max(len(cell.value) for cell in column if isinstance(cell.value, str) and cell.data_type != "f")
        width = sheet.column_dimensions[column[0].column_letter].width
        assert min(longest, 36) <= width <= 38, column[0].value


def test_xlsx_of_nothing_has_a_header_only(lake: Lake) -> None:
    content = io.BytesIO(extract_bytes(lake, "sessions", date(2020, 1, 1), date(2020, 1, 2), "xlsx"))
    assert openpyxl.load_workbook(content)["sessions"].max_row == 1


@pytest.mark.parametrize(
    ("name", "date_to", "fmt", "told"),
    [
        ("bills", JUNE[1], "csv", "There is no extract 'bills'; there are sessions, cdrs"),
        ("cdrs", JUNE[1], "pdf", "There is no format 'pdf'; there are csv, xlsx, parquet, json"),
        ("cdrs", JUNE[0], "csv", "No day lies between 2026-06-01 and 2026-06-01"),
    ],
)
def test_what_cannot_be_answered_is_told(lake: Lake, name: str, date_to: date, fmt: str, told: str) -> None:
    with pytest.raises(QueryError, match=told):
        extract_bytes(lake, name, JUNE[0], date_to, fmt)  # type: ignore[arg-type]


def test_a_failing_extract_leaves_the_old_file(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "cdrs.xlsx"
    target.write_text("old")
    monkeypatch.setattr("warehouse.extracts.spreadsheet.MOST_ROWS", 1)
    with pytest.raises(QueryError, match="Take fewer days"):
        write_extract(lake, "cdrs", *JUNE, "xlsx", target)
    assert target.read_text() == "old"
    with pytest.raises(InputError, match="does not exist"):
        write_extract(lake, "cdrs", *JUNE, "csv", tmp_path / "nowhere" / "x.csv")


@pytest.mark.parametrize(
    ("name", "fmt", "chosen"),
    [("a.xlsx", None, "xlsx"), ("a.JSON", None, "json"), ("a", None, "csv"), ("a.x", "csv", "csv")],
)
def test_the_format_follows_the_name(name: str, fmt: Format | None, chosen: str) -> None:
    assert format_of(Path(name), fmt) == chosen


@pytest.mark.parametrize(
    ("name", "fmt", "told"), [("a.xlsx", "csv", "Name a.csv"), ("a.ods", None, "no format ends in .ods")]
)
def test_a_name_that_says_another_format_is_refused(name: str, fmt: Format | None, told: str) -> None:
    with pytest.raises(InputError, match=told):
        format_of(Path(name), fmt)


def test_an_unknown_site_and_empty_days_are_told(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="There is no site 'nowhere'; there are oslo, pune"):
        write_extract(lake, "cdrs", *JUNE, None, tmp_path / "x.csv", ["nowhere"])
    assert write_extract(lake, "cdrs", *JUNE, None, tmp_path / "x.csv").note == ""
    report = write_extract(lake, "cdrs", date(2020, 1, 1), date(2020, 2, 1), None, tmp_path / "x.csv", ["oslo"])
    assert report.rows == 0
    assert report.note.startswith("No cdrs from 2020-01-01 to 2020-02-01 (not included): sessions of these sites lie")
