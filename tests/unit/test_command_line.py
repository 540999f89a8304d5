"""What commands print for people."""

from __future__ import annotations

import pytest

from warehouse.command_line import in_columns, print_rows

pytestmark = pytest.mark.fast


def test_rows_stand_below_the_names_of_their_columns() -> None:
    rows = [{"station_id": "CP-1", "asked_at": None, "by": "anna"}, {"station_id": "CP-1000", "asked_at": 5, "by": ""}]
    assert in_columns(rows) == [
        "station id  asked at  by",
        "CP-1        –         anna",
        "CP-1000     5",
    ]


def test_no_row_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], False)
    assert capsys.readouterr().out == "None.\n"
    print_rows([], True)
    assert capsys.readouterr().out == "[]\n"
