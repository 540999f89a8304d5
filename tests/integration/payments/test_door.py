"""The HTTP door over real sockets: `kwhouse api` beside a Stripe that delivers its webhooks to it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
import stripe

from pipelines.billing.payments import records
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.records import PaymentRecord
from tests.api_harness import Api, running_api
from tests.stripe_server import DECLINED, GOOD, KEY, WEBHOOK_SECRET, StripeServer
from warehouse.settings import load_settings
from warehouse.state import open_state, table

PUBLISHABLE = "pk_test_of_the_tests"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all tests here: each looks at payments of its own."""
    return tmp_path_factory.mktemp("door")


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[sa.Engine]:
    opened = open_state(load_settings(home=home))
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def door(home: Path, running: StripeServer, engine: sa.Engine) -> Iterator[Api]:
    with running_api(
        home,
        stripe_key=KEY,
        stripe_publishable_key=PUBLISHABLE,
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_api_base=running.url,
        payee_name="Charging Co",
        payee_iban="DE89370400440532013000",
    ) as api:
        yield api


@pytest.fixture
def api(door: Api, server: StripeServer) -> Iterator[Api]:
    """The running API with what it writes during one test."""
    door.lines.clear()
    yield door
    told = "".join(door.lines)
    assert KEY not in told
    assert WEBHOOK_SECRET not in told
    for secret in re.findall(r"pi_\w+_secret_\w+", json.dumps([str(answer) for answer in server.answers.values()])):
        assert secret not in told


def session(payments: Payments, session_id: str) -> PaymentRecord:
    return payments.authorise(Money("EUR", 6000), session_id=session_id, operator_id="O")


def post(api: Api, body: bytes, signature: str | None) -> requests.Response:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return requests.post(f"{api.url}/webhooks/stripe", data=body, headers=headers, timeout=30)


def signed(event_id: str, thing: dict[str, Any], *, age: int = 0) -> tuple[bytes, str]:
    event = {"id": event_id, "type": "payment_intent.succeeded", "created": 1764000000, "data": {"object": thing}}
    text = json.dumps(event)
    return text.encode(), stripe.WebhookSignature.generate_signature_header(
        text, WEBHOOK_SECRET, int(time.time()) - age
    )


def test_a_webhook_that_stripe_delivers_is_taken_in(
    api: Api, server: StripeServer, payments: Payments, engine: sa.Engine
) -> None:
    server.tell(f"{api.url}/webhooks/stripe")
    row = session(payments, "d1")
    assert row.provider_id is not None
    server.payer_pays(row.provider_id, GOOD)
    server.post(f"/v1/payment_intents/{row.provider_id}/capture", amount_to_capture="1234")  # not by us
    events = table("billing", "provider_events")
    deadline = time.monotonic() + 60
    while True:
        with engine.connect() as connection:
            found = connection.execute(sa.select(events.c.effect).filter_by(object_id=row.provider_id)).scalars().all()
        if found == ["captured"]:
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    after = records.get(engine, row.payment_id)
    assert (after.state, after.captured_minor, after.released_minor) == ("captured", 1234, 4766)
    assert not [line for line in api.lines if "Traceback" in line]


def test_signatures_repetitions_and_sizes(api: Api, payments: Payments) -> None:
    row = session(payments, "d2")
    body, header = signed("evt_1", {"id": row.provider_id})
    first, second = post(api, body, header), post(api, body, header)
    assert (first.status_code, first.json()) == (200, {"result": "processed"})
    assert (second.status_code, second.json()) == (200, {"result": "repeated"})
    for refused in (post(api, body, None), post(api, body, header[:-1] + "x"), post(api, body + b" ", header)):
        assert refused.status_code == 400
        assert "signature is missing or not good" in refused.json()["detail"]
    old = post(api, *signed("evt_2", {"id": row.provider_id}, age=3600))
    assert (old.status_code, "too old" in old.json()["detail"]) == (400, True)
    announced = post(api, b"x" * 300_000, header)
    assert (announced.status_code, announced.json()) == (
        413,
        {"type": "about:blank", "title": "Content Too Large", "status": 413, "detail": "The body is too large."},
    )
    chunked = requests.post(f"{api.url}/webhooks/stripe", data=(b"x" * 10_000 for _ in range(40)), timeout=30)
    assert chunked.status_code == 413
    assert requests.get(f"{api.url}/webhooks/stripe", timeout=30).status_code == 405


def test_while_stripe_is_away_it_is_asked_to_send_again(api: Api, server: StripeServer, payments: Payments) -> None:
    row = session(payments, "d3")
    event = signed("evt_3", {"id": row.provider_id})
    server.trouble += ["503"] * 3
    away = post(api, *event)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
    assert post(api, *event).json() == {"result": "processed"}


def test_the_payment_page_of_a_session(api: Api, server: StripeServer, payments: Payments, engine: sa.Engine) -> None:
    row = session(payments, "d4")
    page = requests.get(f"{api.url}/pay/{row.pay_token}", timeout=30)
    assert page.status_code == 200
    assert row.provider_id is not None
    secret = server.get(f"/v1/payment_intents/{row.provider_id}")["client_secret"]
    assert f'data-secret="{secret}"' in page.text
    assert "Hold 60.00 EUR" in page.text
    assert re.findall(r'src="(https?:[^"]*)"', page.text) == ["https://js.stripe.com/v3/"]
    rules = page.headers["Content-Security-Policy"]
    assert "script-src 'self' https://js.stripe.com" in rules
    assert "unsafe" not in rules
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "server" not in page.headers

    server.payer_pays(row.provider_id, GOOD)
    held = requests.get(page.url, timeout=30)
    assert "Ready to charge" in held.text
    assert "stripe" not in held.text + held.headers["Content-Security-Policy"]
    assert records.get(engine, row.payment_id).state == "authorised"

    payments.finish(row.payment_id, Money("EUR", 6120))
    left = requests.get(page.url, timeout=30)
    assert "1.20 EUR" in left.text
    # What is left is paid on the session's receipt: until that is there, a transfer would have nothing to refer to.
    assert "The receipt follows; this page will then take it." in left.text
    assert "ask the operator" not in left.text
    assert row.pay_token not in "".join(api.lines)


def test_the_payment_page_after_a_decline_asks_for_another_card(
    api: Api, server: StripeServer, payments: Payments
) -> None:
    row = session(payments, "d5")
    assert row.provider_id is not None
    server.payer_pays(row.provider_id, DECLINED)
    page = requests.get(f"{api.url}/pay/{row.pay_token}", timeout=30).text
    assert "The last try was declined" in page
    assert "Hold 60.00 EUR" in page


@pytest.mark.parametrize("token", ["unknown-token-of-nobody", "short", "..%2f..%2fetc%2fpasswd"])
def test_addresses_that_are_no_payment(api: Api, token: str) -> None:
    answer = requests.get(f"{api.url}/pay/{token}", timeout=30)
    assert answer.status_code in (404, 422)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_assets_and_health(api: Api) -> None:
    assert requests.get(f"{api.url}/health", timeout=30).json() == {"status": "ok"}
    assert "--ground" in requests.get(f"{api.url}/assets/pay.css", timeout=30).text
    script = requests.get(f"{api.url}/assets/pay.js", timeout=30)
    assert "confirmPayment" in script.text
    assert "javascript" in script.headers["Content-Type"]
    assert requests.get(f"{api.url}/assets/app.py", timeout=30).status_code == 422
    assert requests.get(f"{api.url}/docs", timeout=30).status_code == 404
    assert "/webhooks/stripe" in requests.get(f"{api.url}/openapi.json", timeout=30).json()["paths"]


def test_without_a_key_the_page_offers_upi_and_a_transfer(home: Path, payments: Payments) -> None:
    euro = payments.charge(Money("EUR", 4200), document_id="INV-7")
    rupee = payments.charge(Money("INR", 123_450), document_id="INV-8")
    payee = {"payee_name": "Charging & Co", "payee_iban": "DE89370400440532013000", "payee_upi": "charging@okbank"}
    with running_api(home, **payee) as api:
        page = requests.get(f"{api.url}/pay/{euro.pay_token}", timeout=30)
        assert "Charging &amp; Co" in page.text
        assert "<dd>INV-7</dd>" in page.text
        assert "upi://" not in page.text
        assert "script" not in page.text + page.headers["Content-Security-Policy"]
        indian = requests.get(f"{api.url}/pay/{rupee.pay_token}", timeout=30).text
        assert (
            "upi://pay?pa=charging@okbank&amp;pn=Charging%20%26%20Co&amp;tr=INV8&amp;tn=INV-8&amp;am=1234.50" in indian
        )
        nothing = post(api, *signed("evt_4", {"id": "pi_1"}))
        assert (nothing.status_code, nothing.json()["detail"]) == (500, "This cannot be answered; see the log.")
    assert "KWHOUSE_STRIPE_KEY is not set" in "".join(api.lines)


def test_a_port_that_is_taken_is_said(home: Path, api: Api) -> None:
    port = api.url.rsplit(":", 1)[1]
    with (
        pytest.raises(RuntimeError, match=rf"cannot listen on 127\.0\.0\.1:{port}.*KWHOUSE_API_PORT"),
        running_api(home, api_port=port),
    ):
        pass
