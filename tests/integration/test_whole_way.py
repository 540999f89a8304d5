"""The whole way, as users go it: a station's socket → frame → journal → Parquet → raw → session → CDR → invoice → page.

Real parts only: the collector is the command, the station a WebSocket, the refresh the Dagster job, the page the app.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest

from warehouse.query import run_query
from warehouse.settings import load_settings
from warehouse.store import open_lake

ROOT = Path(__file__).parents[2]
# One data folder serves all tests here; each looks at its own session, in any order.
REGISTRY = ROOT / "docs/tutorial/registry"
SESSIONS = """\
site_id,station_id,connector_id,started_at,ended_at,energy_kwh,id_token,session_id,time_zone
town-hall,TH-01,1,2026-03-02 08:00:00,2026-03-02 10:30:00,18.4,04A1B2C3D4,A-1,Europe/Berlin
"""
LATE = """\
site_id,station_id,connector_id,started_at,ended_at,energy_kwh,id_token,session_id,time_zone
town-hall,TH-02,1,2026-03-28 23:30:00,2026-03-29 04:30:00,22.000001,04FFEEDDCC,B-1,Europe/Berlin
"""


class House:
    """The commands, in a data folder of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "KWHOUSE_DUCKDB_THREADS"},
            "KWHOUSE_HOME": str(home),
            "KWHOUSE_ALLOW_REPLAY": "true",
            "KWHOUSE_COLLECT_PORT": "0",
            "KWHOUSE_METRICS_PORT": "0",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kwhouse", *arguments],
            cwd=self.home.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, query: str) -> list[dict[str, object]]:
        """What `kwhouse sql --format json` prints, without starting Python each time."""
        out = StringIO()
        with open_lake(load_settings(home=self.home), read_only=True) as lake:
            run_query(lake, query, "json", out)
        found = json.loads(out.getvalue())
        assert isinstance(found, list)
        return found

    def replay(self, file: Path, version: str) -> None:
        collector = subprocess.Popen(
            [sys.executable, "-m", "kwhouse", "collect"],
            cwd=self.home.parent,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert collector.stdout
            url = re.search(r"(ws://\S+?)/?<", collector.stdout.readline())
            assert url
            self.run("replay", str(file), "--ocpp", version, "--url", url[1])
        finally:
            collector.terminate()
            assert collector.wait(60) == 0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    home = tmp_path_factory.mktemp("whole-way") / "data"
    house = House(home)
    house.run("registry", "apply", str(REGISTRY))
    file = home.parent / "sessions.csv"
    file.write_text(SESSIONS)
    house.replay(file, "1.6")
    house.run("refresh")
    return house


def test_one_session_from_the_socket_to_the_invoice_line(house: House) -> None:
    [session] = house.rows("SELECT * FROM core.sessions WHERE external_session_id = 'A-1'")
    assert Decimal(str(session["energy_wh"])) == Decimal(18400)
    assert (session["state"], session["grade"], session["origin"]) == ("completed", "ok", "replay")
    assert session["external_session_id"] == "A-1"
    assert str(session["started_at"]).startswith("2026-03-02T07:00:00")

    [cdr] = house.rows(f"SELECT * FROM billing.cdrs WHERE session_id = '{session['session_id']}'")
    assert Decimal(str(cdr["total_excl_vat"])) == Decimal("14.016")

    [line] = house.rows(f"SELECT * FROM billing.invoice_lines WHERE cdr_id = '{cdr['cdr_id']}'")
    assert Decimal(str(line["amount_excl_vat"])) == Decimal("14.02")

    [invoice] = house.rows(f"SELECT * FROM billing.invoices WHERE invoice_id = '{line['invoice_id']}'")
    assert (invoice["contract_id"], invoice["month"]) == ("DE-GPC-C00000001-X", "2026-03-01")
    assert Decimal(str(invoice["total_incl_vat"])) == Decimal("16.68")


def test_the_register_behind_the_invoice_is_found_in_its_frame(house: House) -> None:
    """From the session back to the text that the station sent."""
    [evidence] = house.rows(
        """
        SELECT frames.payload, readings.value, sessions.end_register_wh
        FROM core.sessions AS sessions
        JOIN core.meter_values AS readings USING (station_id, transaction_id)
        JOIN raw.messages AS frames ON frames.collector_id = readings.collector_id AND frames.seq = readings.seq
        WHERE sessions.external_session_id = 'A-1' AND readings.context = 'Transaction.End'
          AND readings.measurand = 'Energy.Active.Import.Register'
        """
    )
    assert evidence["value"] == evidence["end_register_wh"]
    payload = json.loads(str(evidence["payload"]))
    sent = [sample["value"] for set_ in payload["transactionData"] for sample in set_["sampledValue"]]
    assert Decimal(str(evidence["end_register_wh"])) in {Decimal(value) for value in sent}


def test_every_call_was_journaled_with_its_answer_and_without_fault(house: House) -> None:
    [counts] = house.rows(
        """
        SELECT count(*) FILTER (message_type = 2) AS calls, count(*) FILTER (message_type = 3) AS answers,
               count(schema_error) AS errors, count(DISTINCT seq) = count(*) AS unique_seq
        FROM raw.messages
        """
    )
    assert counts["calls"] == counts["answers"]
    assert (counts["errors"], counts["unique_seq"]) == (0, True)
    assert house.rows("SELECT * FROM raw.rejected") == []


def test_a_late_session_over_the_clock_change_touches_only_its_own(house: House) -> None:
    """2.0.1, in the night of 2026-03-29: five hours by the clock on the wall are four."""
    before = house.rows("SELECT * FROM billing.cdrs")
    # No contract pays for it: it has a receipt of its own, and the invoice of the other session stays as it is.
    invoices = house.rows("SELECT * FROM billing.invoices")
    file = house.home.parent / "late.csv"
    file.write_text(LATE)
    house.replay(file, "2.0.1")
    house.run("refresh")

    sessions = house.rows("SELECT * FROM core.sessions ORDER BY started_at")
    after = house.rows("SELECT * FROM billing.invoices")
    assert all(row in after for row in invoices)
    assert f"adhoc:{sessions[1]['session_id']}" in [row["invoice_id"] for row in after]
    assert [Decimal(str(row["energy_wh"])) for row in sessions] == [Decimal(18400), Decimal("22000.001")]
    assert sessions[1]["ended_at"] == "2026-03-29T02:30:00Z"
    assert [row for row in house.rows("SELECT * FROM billing.cdrs") if row in before] == before
    [days] = house.rows("SELECT sum(energy_wh) AS energy_wh, count(*) AS days FROM mart.site_days WHERE energy_wh > 0")
    assert Decimal(str(days["energy_wh"])) == Decimal("40400.001")

    incremental = {name: house.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in FIGURES}
    house.run("refresh", "--full")
    for name, rows in incremental.items():
        assert house.rows(f"SELECT * FROM {name} ORDER BY ALL") == rows, name


FIGURES = (
    "core.sessions",
    "core.connector_states",
    "mart.connector_hours",
    "mart.site_days",
    "billing.cdr_lines",
    "billing.cdr_periods",
    "billing.invoice_drafts",
    "mart.revenue_days",
)


def test_a_refresh_with_nothing_new_does_nothing(house: House) -> None:
    house.run("refresh")
    report = json.loads(house.run("refresh", "--json"))
    assert [step for step in report["steps"] if step["rows"]] == []


def test_the_page_shows_the_session(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit import config
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("KWHOUSE_HOME", str(house.home))
    # AppTest has no server; the sign-in gate asks for its address.
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    try:
        app = AppTest.from_file(str(ROOT / "dashboards/app.py"), default_timeout=60).run()
    finally:
        config.set_option("server.address", before)
    assert not app.exception
    [sessions] = house.rows("SELECT count(*) AS number FROM core.sessions")
    assert {metric.label: metric.value for metric in app.metric}["Sessions"] == str(sessions["number"])


def test_the_published_file_holds_the_same_money(house: House) -> None:
    import duckdb

    file = house.home.parent / "kwhouse.duckdb"
    house.run("publish", str(file))
    [cents] = house.rows("SELECT sum(total_excl_vat) AS total FROM billing.cdrs")
    with duckdb.connect(str(file), read_only=True) as published:
        row = published.execute("SELECT sum(total_excl_vat) FROM billing.cdrs").fetchone()
    assert row
    assert Decimal(str(cents["total"])) == row[0]
