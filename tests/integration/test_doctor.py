"""`kwhouse doctor`: names what is wrong and the mend, changes nothing, fails only where a command cannot work."""

from __future__ import annotations

import dataclasses
import http.server
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.priced_warehouse import build
from warehouse.doctor import Diagnosis, examine
from warehouse.settings import Settings
from warehouse.store import open_lake
from warehouse.store.lock import file_lock

QUIET = {"collect_port": 0, "metrics_port": 0, "api_port": 0, "dashboard_port": 0, "dagster_port": 0}


def by_what(diagnosis: Diagnosis) -> dict[str, tuple[str, str]]:
    return {finding.what: (finding.level, finding.found) for finding in diagnosis.findings}


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield listening.server_port
        listening.shutdown()
        thread.join()


def test_mail_without_a_public_address_lets_no_driver_register(tmp_path: Path) -> None:
    given = {**QUIET, "home": tmp_path / "home", "mail_host": "mail.example.org"}
    [finding] = [one for one in examine(Settings(**given)).findings if one.what == "phone pages"]
    assert (finding.level, "KWHOUSE_PUBLIC_URL" in finding.mend) == ("warn", True)
    told = examine(Settings(**given, public_url="https://charge.example.org"))
    assert "phone pages" not in by_what(told)


@pytest.mark.parametrize("proxies", ["proxy.example.org", "10.0.0.1/8", "*"])
def test_proxies_are_addresses_and_networks(tmp_path: Path, proxies: str) -> None:
    with pytest.raises(ValueError, match="no address and no network"):
        Settings(home=tmp_path, trusted_proxies=proxies)
    assert Settings(home=tmp_path, trusted_proxies="::1, 10.0.0.0/8").trusted_proxies == "::1/128,10.0.0.0/8"


def test_an_empty_home_is_no_failure_and_stays_empty(tmp_path: Path) -> None:
    home = tmp_path / "home"
    diagnosis = examine(Settings(home=home, **QUIET))
    assert diagnosis.exit_status == 0
    assert by_what(diagnosis)["lake"] == ("warn", "holds nothing yet")
    assert not home.exists()
    as_json = json.loads(json.dumps(dataclasses.asdict(diagnosis)))
    assert set(as_json["findings"][0]) == {"level", "what", "found", "mend"}
    assert all(finding.mend for finding in diagnosis.findings if finding.level != "ok")
    assert str(diagnosis).endswith("to mend")


def test_a_warehouse_in_use(tmp_path: Path) -> None:
    settings = Settings(**{**build(tmp_path).model_dump(), **QUIET})
    settings.set_aside.mkdir(parents=True)
    (settings.landing / "messages-a-1-2.parquet").write_text("waiting")
    (settings.set_aside / "messages-b-1-2.parquet").write_text("bad")
    journal_lock = settings.journal.with_name("journal.lock")
    with file_lock(tmp_path / "catalog.lock"), file_lock(tmp_path / "refresh.lock"), file_lock(journal_lock):
        busy = by_what(examine(settings))
    assert busy["writer"][0] == "warn"
    assert "python" in busy["writer"][1]
    assert f"process {os.getpid()}" in busy["refresh run"][1]
    assert f"process {os.getpid()}" in busy["collecting"][1]
    found = by_what(examine(settings))
    assert found["writer"] == ("ok", "nobody is writing")
    assert found["registry"] == ("warn", "2 sites, 0 stations, 1 tokens, 0 tariffs")
    assert found["tables"][0] == "ok"
    assert found["landing"] == ("warn", "1 files wait to be taken in")
    assert found["unreadable"][0] == "warn"
    assert found["refresh"] == ("warn", "never ran")


def test_a_refresh_and_its_age(tmp_path: Path) -> None:
    settings = Settings(**{**build(tmp_path).model_dump(), **QUIET})
    with open_lake(settings) as lake, lake.write("a stage") as con:
        con.execute("INSERT INTO lake.ops.watermarks VALUES ('sessions', 1, now() - INTERVAL 3 DAY)")
    found = by_what(examine(settings))
    assert found["refresh"] == ("warn", "1 stages, the newest 3 d ago")
    assert found["data"] == ("ok", "newest session evidence of 2026-05-31 23:30 UTC")


def test_stored_tables_that_differ_from_the_contract_fail(tmp_path: Path) -> None:
    settings = build(tmp_path)
    with open_lake(settings) as lake, lake.write("older") as con:
        con.execute("ALTER TABLE lake.mart.site_days DROP COLUMN peak_load_w")
    diagnosis = examine(Settings(home=tmp_path, **QUIET))
    assert diagnosis.exit_status == 1
    (broken,) = (finding for finding in diagnosis.findings if finding.level == "fail")
    assert "mart.site_days lacks peak_load_w" in broken.mend
    assert "kwhouse refresh" in broken.mend


def test_the_journals_backlog_is_only_read(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, landing_rows=1, **QUIET)
    settings.journal.parent.mkdir()
    with sqlite3.connect(settings.journal) as connection:
        for name in ("messages", "connections", "rejected"):
            connection.execute(f"CREATE TABLE {name} (seq INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE landings (first_seq INTEGER, last_seq INTEGER, finished_at INTEGER)")
        connection.execute("INSERT INTO landings VALUES (1, 2, 1), (3, 4, NULL)")
        connection.executemany("INSERT INTO messages VALUES (?)", [(n,) for n in range(1, 7)])
    connection.close()
    level, found = by_what(examine(settings))["journal"]
    assert (level, found.split(",")[0]) == ("warn", "4 entries not landed yet")


@pytest.mark.parametrize(
    ("answer", "level", "found"),
    [
        (
            b'{"connections": 3, "journal_rows_waiting": 7, "landing_failure": null}',
            "ok",
            "3 stations connected, 7 entries waiting",
        ),
        (
            b'{"connections": 3, "journal_rows_waiting": 7, "landing_failure": "disk full"}',
            "fail",
            "3 stations connected, 7 entries waiting; disk full",
        ),
        (b"<html>", "fail", "another program answers on port"),
    ],
)
def test_the_collector_is_asked_how_it_is(tmp_path: Path, answer: bytes, level: str, found: str) -> None:
    with server(answer) as port:
        seen = by_what(examine(Settings(home=tmp_path, **{**QUIET, "metrics_port": port})))["collector"]
    assert seen[0] == level
    assert seen[1].startswith(found)


def test_ports_that_other_programs_took(tmp_path: Path) -> None:
    with server(b"") as port:
        found = examine(
            Settings(home=tmp_path, **{**QUIET, "collect_port": port, "dagster_port": port, "api_port": port})
        )
    assert found.exit_status == 1
    assert by_what(found)["collector"] == ("fail", f"another program answers on port {port}")
    assert by_what(found)["dagster"] == ("fail", f"another program answers on port {port}")
    assert by_what(found)["api"] == ("fail", f"another program answers on port {port}")
    with server(b'{"status":"ok"}') as port:
        found = examine(Settings(home=tmp_path, **{**QUIET, "api_port": port}))
    assert by_what(found)["api"] == ("ok", f"running on port {port}")


def test_a_dashboard_beyond_this_machine_is_told(tmp_path: Path) -> None:
    found = examine(Settings(home=tmp_path, **QUIET, dashboard_host="0.0.0.0"))
    assert any("beyond this machine" in finding.found for finding in found.findings)
    found = examine(Settings(home=tmp_path, **QUIET, api_host="0.0.0.0"))
    assert any("without TLS" in finding.found for finding in found.findings)


def test_a_misspelt_variable_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_REFERENCE_DATA", "/data")
    assert by_what(examine(Settings(home=tmp_path, **QUIET)))["settings"][0] == "ok"
    monkeypatch.setenv("KWHOUSE_COLECT_PORT", "9100")
    (found,) = (f for f in examine(Settings(home=tmp_path, **QUIET)).findings if f.what == "settings")
    assert (found.level, found.mend) == ("warn", "Did you mean KWHOUSE_COLLECT_PORT?")
    assert "KWHOUSE_COLECT_PORT" in found.found


def test_a_check_that_breaks_is_itself_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Settings) -> Iterator[object]:
        raise RuntimeError("no such luck")

    monkeypatch.setattr("warehouse.doctor.services.CHECKS", (broken,))
    diagnosis = examine(Settings(home=tmp_path, **QUIET))
    assert diagnosis.findings[-1].found == "RuntimeError: no such luck"
    assert diagnosis.exit_status == 1
