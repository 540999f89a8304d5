"""Whatever is sent, `/v1` answers as its OpenAPI document says: made-up requests, good and bad ones, one by one and in
sequences, in this process, over a real state database and a small lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES
from schemathesis.engine import Status, events, from_schema
from schemathesis.openapi.loaders import from_asgi

from ingest.api.app import create_app
from ingest.api.v1 import Desk
from pipelines.billing.pricing.running import running_costs
from tests.integration.api.conftest import ME
from warehouse.people.keys import Grant, make_key, principal_of
from warehouse.people.roles import Role
from warehouse.settings import Settings
from warehouse.store.apart import LakeApart

# Shrinking what was found takes longer than finding it; the request that failed is told as it was sent.
CONFIG = {
    "continue-on-failure": True,
    "parameters": {"wait_seconds": 0},
    "generation": {"max-examples": 3, "no-shrink": True, "database": "none"},
    # If-Match may name a row that is not there any more.
    "checks": {"positive_data_acceptance": {"expected-statuses": [*POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES, "412"]}},
    "phases": {
        "coverage": {"unexpected-methods": ["PUT"]},
        "stateful": {"generation": {"max-examples": 5}, "max-steps": 5},
    },
    "operations": [
        {"include-path-regex": "^/(?!v1/)", "enabled": False},
        # They take an id as the session itself does, and the better part of a second each.
        {"include-path-regex": "/(story|cost)$", "phases": {"coverage": {"enabled": False}}},
    ],
}


@pytest.fixture(scope="module")
def app(settings: Settings, engine: sa.Engine) -> Iterator[FastAPI]:
    lake = LakeApart(settings)
    desk = Desk(lake, engine, partial(principal_of, engine), running_costs)
    yield create_app(webhook=lambda _body, _signature: "repeated", pay=lambda _token: None, desk=desk)
    lake.close()


def test_answers_are_as_described(app: FastAPI, engine: sa.Engine) -> None:
    key = make_key(engine, "described", Grant([Role.ADMIN]), ME)
    config = SchemathesisConfig.from_dict({**CONFIG, "headers": {"Authorization": f"Bearer {key}"}})
    described = from_asgi("/openapi.json", app, config=config)
    wrong: dict[str, str] = {}
    tried: Counter[str] = Counter()
    for event in from_schema(described).execute():
        if isinstance(event, events.ScenarioFinished):
            tried[event.phase.value] += len(event.recorder.cases)
            wrong |= _failures(event)
        elif isinstance(event, events.NonFatalError):
            wrong[f"{event.label}: {event.value!r}"] = ""
        elif isinstance(event, events.FatalError):
            raise event.exception
    told = "\n\n".join("\n".join(one) for one in wrong.items())
    assert not wrong, f"{len(wrong)} kinds of answers are not as described\n{told}"
    assert set(tried) == {"examples", "coverage", "fuzzing", "stateful"}


def _failures(event: events.ScenarioFinished) -> dict[str, str]:
    """What is not as described, by operation and kind, each with a request that shows it."""
    return {
        f"{event.label} {check.name}: {check.failure_info.failure.title}": (
            f"{check.failure_info.failure.message}\n{check.failure_info.code_sample}"
        )
        for checks in event.recorder.checks.values()
        for check in checks
        if check.status is Status.FAILURE and check.failure_info is not None
    }
