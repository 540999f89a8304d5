"""The payment commands against Stripe's ways and one data folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.billing.commands.card import card_app as app
from pipelines.billing.payments.errors import PaymentMisconfigured, PaymentUnknown
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from tests.stripe_server import GOOD, KEY, StripeServer


@pytest.fixture
def settings(tmp_path: Path, server: StripeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOME": str(tmp_path), "STRIPE_KEY": KEY, "STRIPE_API_BASE": server.url}.items():
        monkeypatch.setenv(f"KWHOUSE_{name}", value)


@pytest.mark.usefixtures("settings")
def test_an_interrupted_session_is_reconciled_shown_and_refunded(payments: Payments, server: StripeServer) -> None:
    row = payments.authorise(Money("EUR", 6000), session_id="c1", operator_id="O")
    assert row.provider_id is not None
    server.payer_pays(row.provider_id, GOOD)
    server.trouble += ["503"] * 3
    assert payments.finish(row.payment_id, Money("EUR", 1234)).captured_minor == 0

    run = CliRunner()
    done = run.invoke(app, ["reconcile"])
    assert done.output == "1 unfinished payment(s) and refund(s) looked at, 1 settled.\n"
    refund = ["refund", row.payment_id, "234", "--reason", "cable was broken"]
    first, again = run.invoke(app, refund), run.invoke(app, refund)
    assert first.output == again.output
    assert first.output.endswith(": done, 2.34 EUR\n")
    shown = run.invoke(app, ["show", row.payment_id])
    assert shown.output == (
        f"{row.payment_id}: captured; asked 60.00 EUR, held 60.00 EUR, taken 12.34 EUR, released 47.66 EUR, "
        "refunded 2.34 EUR, open 0.00 EUR\n"
    )


@pytest.mark.usefixtures("settings")
def test_what_cannot_be_done_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    run = CliRunner()
    assert isinstance(run.invoke(app, ["show", "pay_nobody"]).exception, PaymentUnknown)
    monkeypatch.delenv("KWHOUSE_STRIPE_KEY")
    missing = run.invoke(app, ["reconcile"]).exception
    assert isinstance(missing, PaymentMisconfigured)
    assert "KWHOUSE_STRIPE_KEY is not set" in str(missing)
