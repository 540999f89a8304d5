"""A real collector with the real registry, and what stations (and others) show it at the door."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner
from websockets.exceptions import InvalidMessage, InvalidStatus

from ingest.collector import run
from kwhouse import app
from tests.collector_harness import Running, in_thread, station
from warehouse.settings import load_settings

PASSWORD = "a good long password"


@contextmanager
def serving(**overrides: Any) -> Iterator[Running]:
    """A collector in the data folder of `KWHOUSE_HOME`."""
    settings = load_settings(collect_port=0, metrics_port=0, **overrides)
    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        yield running


def kwhouse(*arguments: str, text: str | None = None) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, list(arguments), input=text)
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.stdout


async def heartbeat(running: Running, name: str = "CP-1", **options: Any) -> int | str:
    """101 where the station is let in and answered, else the status it is refused with; `tls`: not even that."""
    try:
        async with station(running, name, **options) as one:
            assert (await one.call("Heartbeat", {}))[0] == 3
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code
    except (OSError, InvalidMessage):  # TLS 1.3 tells the client after its handshake
        return "tls"


def counted(running: Running, name: str, **labels: str) -> float:
    """A counter's value on /metrics; 0 where it does not stand there."""
    with urllib.request.urlopen(running.ready.metrics_url + "metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == f"{name}_total"]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())
