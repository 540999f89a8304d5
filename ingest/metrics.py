"""What the collector shows of itself: `GET /health` (JSON) and `GET /metrics` (Prometheus) on a port of their own.

Frames are counted in plain dictionaries, as a Prometheus counter would cost more than reading the frame; they become
Prometheus series only when somebody asks. Actions that OCPP does not know count as "other": a station cannot make
series without end.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ingest.ocpp.schemas import is_action

_COMMIT_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
_MOST_ACTIONS: Final = 1_000  # different keys counted before unknown actions are put together

Health = Callable[[], tuple[bool, dict[str, Any]]]
FrameKey = tuple[str, str, int, str | None]  # version, direction, message type, action


class Tally:
    """Counts kept by the event loop."""

    def __init__(self) -> None:
        self.frames: Counter[FrameKey] = Counter()
        self.rejected: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()  # by HTTP status, or `tls`, `unfinished`
        self.decided: Counter[str] = Counter()  # reasons of decisions on access
        self.connections = 0

    def count(self, version: str, direction: str, message_type: int, action: str | None) -> None:
        """One frame."""
        key = (version, direction, message_type, action)
        if key not in self.frames and len(self.frames) > _MOST_ACTIONS:
            key = (version, direction, message_type, "other")
        self.frames[key] += 1


class Exposition:
    """A Prometheus collector that reads a tally and the health facts when it is scraped."""

    def __init__(self, tally: Tally, health: Health) -> None:
        self._tally, self._health = tally, health
        self.registry = CollectorRegistry()
        self.commits = Histogram(
            "kwhouse_journal_commit_seconds",
            "Time to write one group of frames to the disk.",
            buckets=_COMMIT_SECONDS,
            registry=self.registry,
        )
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        frames = CounterMetricFamily(
            "kwhouse_frames", "OCPP frames.", labels=("ocpp_version", "direction", "message_type", "action")
        )
        totals: Counter[tuple[str, str, str, str]] = Counter()
        for (version, direction, message_type, action), count in self._tally.frames.copy().items():
            shown = action if action is None or is_action(version, action) else "other"
            totals[version, direction, str(message_type), shown or ""] += count
        for labels, count in totals.items():
            frames.add_metric(labels, count)
        yield frames
        rejected = CounterMetricFamily("kwhouse_rejected_texts", "Texts that are no OCPP frames.", labels=("reason",))
        for reason, count in self._tally.rejected.copy().items():
            rejected.add_metric((reason,), count)
        yield rejected
        refused = CounterMetricFamily(
            "kwhouse_refused_handshakes",
            "Handshakes refused, by HTTP status; tls: before HTTP; unfinished: no whole request came.",
            labels=("status",),
        )
        for status, count in self._tally.refused.copy().items():
            refused.add_metric((status,), count)
        yield refused
        decided = CounterMetricFamily("kwhouse_access_decisions", "Who may charge, by reason.", labels=("reason",))
        for reason, count in self._tally.decided.copy().items():
            decided.add_metric((reason,), count)
        yield decided
        healthy, facts = self._health()
        yield GaugeMetricFamily("kwhouse_connections", "Stations connected.", value=self._tally.connections)
        yield GaugeMetricFamily("kwhouse_healthy", "1 while frames can be journaled.", value=int(healthy))
        yield GaugeMetricFamily(
            "kwhouse_journal_rows", "Rows journaled and not yet in Parquet.", value=facts["journal_rows_waiting"]
        )


class MetricsServer:
    """Serves health and metrics from a thread until closed."""

    def __init__(self, host: str, port: int, exposition: Exposition, health: Health) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/health":
                    healthy, facts = health()
                    self._send(200 if healthy else 503, "application/json", json.dumps(facts).encode())
                elif self.path == "/metrics":
                    self._send(200, CONTENT_TYPE_LATEST, generate_latest(exposition.registry))
                else:
                    self._send(404, "text/plain", b"There is /health and /metrics.\n")

            def _send(self, status: int, content_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Scrapes every few seconds are no news."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.address: tuple[str, int] = (host, self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; waits for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
