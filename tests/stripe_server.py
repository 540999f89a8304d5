"""A Stripe to test against: localstripe, a process of its own, behind a door that adds what it lacks and makes trouble.

localstripe 1.15 keeps payments, captures, refunds, declines and 3-D Secure as Stripe does. It does not know
idempotency keys, `off_session` when confirming, and `amount_received`; the door adds exactly these three, and fails
on demand as networks do. It is GPL: it is started, never imported.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import requests

# Made up, and put together here: the scan for secrets looks for whole ones.
KEY = "sk_test_" + "madeup" * 4
WEBHOOK_SECRET = "whsec_" + "madeup" * 4

GOOD, SECURE, DECLINED = "4242424242424242", "4000002500003155", "4000000000000341"
# Where localstripe dumps its store, whatever it is told.
_DUMP = Path("/tmp/localstripe.pickle")


@dataclass(frozen=True)
class Request:
    """What came to the door."""

    method: str
    path: str
    key: str | None
    form: dict[str, str]


@dataclass
class StripeServer:
    """`url` is the door; `direct` localstripe itself, for the payer's browser and for looking."""

    url: str
    direct: str
    seen: list[Request] = field(default_factory=list)
    # For the next requests: `before` and `after` (the connection breaks before or after the effect), `503`, `pass`.
    trouble: list[str] = field(default_factory=list)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        return requests.get(f"{self.direct}{path}", auth=(KEY, ""), timeout=10).json()

    def post(self, path: str, **form: str) -> Any:
        return requests.post(f"{self.direct}{path}", auth=(KEY, ""), data=form, timeout=10).json()

    def method(self, number: str) -> str:
        """A card, as the payer's browser makes it."""
        card = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
        made = self.post("/v1/payment_methods", type="card", **{f"card[{name}]": value for name, value in card.items()})
        return str(made["id"])

    def sepa(self, iban: str) -> str:
        """A bank account, as the payer's browser makes it."""
        return str(self.post("/v1/payment_methods", type="sepa_debit", **{"sepa_debit[iban]": iban})["id"])

    def payer_pays(self, provider_id: str, number: str) -> Any:
        """What Stripe.js does for the payer: name the card, confirm. Gives the answer."""
        self.post(f"/v1/payment_intents/{provider_id}", payment_method=self.method(number))
        return self.post(f"/v1/payment_intents/{provider_id}/confirm")

    def payer_authenticates(self, provider_id: str, *, success: bool) -> Any:
        """3-D Secure in the payer's browser."""
        secret = self.get(f"/v1/payment_intents/{provider_id}")["client_secret"]
        path = f"/v1/payment_intents/{provider_id}/_authenticate"
        return self.post(path, client_secret=secret, success=str(success).lower())

    def tell(self, url: str) -> None:
        """Deliver webhooks to `url`."""
        body = {"url": url, "secret": WEBHOOK_SECRET}
        requests.post(f"{self.direct}/_config/webhooks/tests", json=body, timeout=10).raise_for_status()


@contextmanager
def stripe_server() -> Iterator[StripeServer]:
    """Start localstripe and the door on free ports; leaving the block ends both."""
    port = _free_port()
    program = Path(sys.executable).with_name("localstripe")
    command = shutil.which(str(program)) or "localstripe"
    process = subprocess.Popen(
        [command, "--from-scratch", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        door = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
        server = StripeServer(f"http://127.0.0.1:{door.server_port}", f"http://127.0.0.1:{port}")
        door.stripe = server  # type: ignore[attr-defined]
        thread = threading.Thread(target=door.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            door.shutdown()
            door.server_close()
            thread.join(timeout=10)
    finally:
        process.terminate()
        process.wait(timeout=10)
        _DUMP.unlink(missing_ok=True)


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._pass_on(b"")

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _pass_on(self, body: bytes) -> None:
        stripe: StripeServer = self.server.stripe  # type: ignore[attr-defined]
        form = dict(parse_qsl(body.decode()))
        key = self.headers.get("Idempotency-Key")
        stripe.seen.append(Request(self.command, self.path, key, dict(form)))
        trouble = stripe.trouble.pop(0) if stripe.trouble else "pass"
        if trouble == "503":
            return self._answer(503, b'{"error": {"type": "api_error", "message": "try again"}}')
        if trouble == "before":
            return self._break_off()
        if key is not None and self.command == "POST":
            if key not in stripe.answers:
                stripe.answers[key] = self._forwarded(stripe, form)
            answer = stripe.answers[key]
        else:
            answer = self._forwarded(stripe, form)
        return self._break_off() if trouble == "after" else self._answer(*answer)

    def _forwarded(self, stripe: StripeServer, form: dict[str, str]) -> tuple[int, bytes]:
        if self.path.endswith("/confirm"):
            form.pop("off_session", None)
        answer = requests.request(
            self.command,
            f"{stripe.direct}{self.path}",
            data=urlencode(form) if self.command == "POST" else None,
            headers={
                "Authorization": self.headers.get("Authorization", ""),
                "Content-Type": "application/x-www-form-urlencoded",
            },
            timeout=10,
        )
        told = answer.json()
        if told.get("object") == "payment_intent":
            told["amount_received"] = _received(stripe, told)
        return answer.status_code, json.dumps(told).encode()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _break_off(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _received(stripe: StripeServer, intent: dict[str, Any]) -> int:
    """What was taken: localstripe notes what a partial capture leaves as a refund of the charge, not of the intent."""
    if intent["status"] != "succeeded":
        return 0
    charge = intent["latest_charge"]
    refunds = stripe.get(f"/v1/refunds?charge={charge['id']}")["data"]
    return int(charge["amount"]) - sum(refund["amount"] for refund in refunds if refund["payment_intent"] is None)


def _free_port() -> int:
    with closing(socket.socket(socket.AF_INET6)) as probe:
        probe.bind(("::1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
