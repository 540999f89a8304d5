"""One Stripe for the payment tests, and a fresh state database for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.billing.payments.events import MethodReady, PaymentFact
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.stripe_adapter import StripeProvider
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer, stripe_server
from warehouse.settings import load_settings
from warehouse.state import open_state


@pytest.fixture(scope="module")
def running() -> Iterator[StripeServer]:
    with stripe_server() as server:
        yield server


@pytest.fixture
def server(running: StripeServer) -> StripeServer:
    running.seen.clear()
    running.trouble.clear()
    running.answers.clear()  # tests use the same ids
    return running


@pytest.fixture
def provider(server: StripeServer) -> StripeProvider:
    return StripeProvider(KEY, webhook_secret=WEBHOOK_SECRET, api_base=server.url, timeout_seconds=10)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    opened = open_state(load_settings(home=tmp_path))
    yield opened
    opened.dispose()


@pytest.fixture
def told() -> list[PaymentFact | MethodReady]:
    return []


@pytest.fixture
def payments(engine: sa.Engine, provider: StripeProvider, told: list[PaymentFact | MethodReady]) -> Payments:
    return Payments(engine, provider, lambda _connection, fact: told.append(fact))
