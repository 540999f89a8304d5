"""What commands print for people."""

from __future__ import annotations

import pytest

from warehouse.command_line import print_rows

pytestmark = pytest.mark.fast


def test_rows_stand_below_the_names_of_their_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"station_id": "CP-1", "count": None}, {"station_id": "CP-1000", "count": 5, "by": "anna"}], False)
    assert capsys.readouterr().out.splitlines() == [
        "station_id  count  by",
        "──────────  ─────  ────",
        "CP-1         NULL  NULL",
        "CP-1000         5  anna",
        "(2 rows)",
    ]


def test_no_row_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], False)
    assert capsys.readouterr().out == "None.\n"
    print_rows([], True)
    assert capsys.readouterr().out == "[]\n"
