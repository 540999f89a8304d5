"""What runs: collector, HTTP API, dashboard, Dagster, by their ports."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

from warehouse.doctor.finding import Finding, fail, ok, warn
from warehouse.settings import Settings, is_loopback

PATIENCE_SECONDS = 2.0


def collector(settings: Settings) -> Iterator[Finding]:
    if settings.metrics_port == 0 or not _answers(settings.collect_host, settings.metrics_port):
        if settings.collect_port and _answers(settings.collect_host, settings.collect_port):
            mend = "Stop it, or set KWHOUSE_COLLECT_PORT to another port."
            yield fail("collector", f"another program answers on port {settings.collect_port}", mend)
        else:
            yield ok("collector", "not running")
        return
    status, body = _get(settings.collect_host, settings.metrics_port, "/health")
    try:
        facts = json.loads(body)
        found = f"{facts['connections']} stations connected, {facts['journal_rows_waiting']} entries waiting"
        failures = [str(value) for name, value in facts.items() if name.endswith("_failure") and value]
    except (ValueError, KeyError, TypeError):
        mend = "Stop it, or set KWHOUSE_METRICS_PORT to another port."
        yield fail("collector", f"another program answers on port {settings.metrics_port}", mend)
        return
    if status == 200 and not failures:
        yield ok("collector", found)
    else:
        yield fail(
            "collector", f"{found}; {'; '.join(failures)}", "Mend what it names; the collector goes on by itself."
        )


def api(settings: Settings) -> Iterator[Finding]:
    host, port = settings.api_host, settings.api_port
    if port == 0 or not _answers(host, port):
        yield ok("api", "not running")
    elif _is_ours(host, port):
        yield ok("api", f"running on port {port}")
    else:
        mend = "Stop it, or set KWHOUSE_API_PORT to another port."
        yield fail("api", f"another program answers on port {port}", mend)
    if not is_loopback(host):
        mend = "Set KWHOUSE_API_HOST=127.0.0.1, and put a proxy with TLS before it."
        yield warn("api", f"listens on {host}, beyond this machine, without TLS", mend)
    if settings.mail_host is not None and settings.public_url is None:
        mend = "Set KWHOUSE_PUBLIC_URL to the address under which phones reach the API."
        yield warn("phone pages", "drivers cannot register: mailed links do not know how phones reach the API", mend)


def _is_ours(host: str, port: int) -> bool:
    status, body = _get(host, port, "/health")
    return status == 200 and body == b'{"status":"ok"}'


def dashboard(settings: Settings) -> Iterator[Finding]:
    host, port = settings.dashboard_host, settings.dashboard_port
    if port == 0 or not _answers(host, port):
        yield ok("dashboard", "not running")
    elif _get(host, port, "/_stcore/health")[0] == 200:
        yield ok("dashboard", f"running on port {port}")
    else:
        mend = "Stop it, or set KWHOUSE_DASHBOARD_PORT to another port."
        yield fail("dashboard", f"another program answers on port {port}", mend)
    if not is_loopback(host):
        mend = "Set KWHOUSE_DASHBOARD_HOST=127.0.0.1, unless a sign-in stands before it."
        yield warn("dashboard", f"listens on {host}, beyond this machine", mend)


def dagster(settings: Settings) -> Iterator[Finding]:
    if (settings.dagster_home / "dagster.yaml").exists():
        yield ok("dagster home", str(settings.dagster_home))
    else:
        yield warn("dagster home", "not made yet", "Nothing to do: `kwhouse refresh` makes it.")
    port = settings.dagster_port
    if port and _answers("127.0.0.1", port):
        status, body = _get("127.0.0.1", port, "/server_info")
        if status == 200 and b"dagster" in body:
            yield ok("dagster", f"running on port {port}")
        else:
            mend = "Stop it, or set KWHOUSE_DAGSTER_PORT to another port."
            yield fail("dagster", f"another program answers on port {port}", mend)
    else:
        yield ok("dagster", "not running")


def _reachable(host: str) -> str:
    # What listens on all addresses is reached through loopback.
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 (compared, not bound)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((_reachable(host), port), timeout=PATIENCE_SECONDS):
            return True
    except OSError:
        return False


def _get(host: str, port: int, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection(_reachable(host), port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(100_000)
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


CHECKS = (collector, api, dashboard, dagster)
