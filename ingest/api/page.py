"""The payment page: plain HTML made here, for a phone; one stylesheet and one short script of our own.

The only thing from outside is Stripe.js, which Stripe's rules demand to be loaded from js.stripe.com and nowhere
else, and only where a card can be paid with. `POLICY_WITH_STRIPE` allows just that
(docs.stripe.com/security/guide, "Content security policy").
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import segno

from ingest.api.door import NOTHING
from ingest.api.models import BankOffer, CardOffer, PayPage

STRIPE_JS = "https://js.stripe.com/v3/"
POLICY_PLAIN = f"{NOTHING}; style-src 'self'; img-src 'self' data:"
POLICY_WITH_STRIPE = (
    f"{NOTHING}; style-src 'self'; script-src 'self' https://js.stripe.com https://*.js.stripe.com; "
    "frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; "
    "connect-src https://api.stripe.com; img-src 'self' data: https://*.stripe.com"
)
_STATES = {
    "processing": ("Payment under way", "Your bank is working on it. This page shows it when it is done."),
    "authorised": (
        "Ready to charge",
        "The amount is held. Only what your charging costs is taken; the rest is released.",
    ),
    "paid": ("Paid", "Thank you. Nothing is left to pay here."),
    "cancelled": ("Closed", "Nothing is to be paid here any more, and nothing is held."),
}


def policy(page: PayPage | None) -> str:
    """The Content-Security-Policy of a page."""
    return POLICY_WITH_STRIPE if page and page.card and page.state == "open" else POLICY_PLAIN


def payment_page(page: PayPage) -> str:
    """The page of one payment as HTML."""
    if page.state == "open":
        body = _open(page)
        head = f'<script src="{STRIPE_JS}" defer></script><script src="/assets/pay.js" defer></script>'
    else:
        heading, text = _STATES[page.state]
        body = f'<p class="state" role="status"><strong>{heading}.</strong> {text}</p>'
        head = ""
    note = f'<p class="note" role="alert">{escape(page.note)}</p>' if page.note else ""
    told = f'<h1><span class="what">{escape(page.title)}</span> {escape(page.amount)}</h1>'
    end = f'<p class="reference">Reference {escape(page.reference)}</p>'
    return _document(f"Pay {page.amount}", told + note + body + end, head if page.card else "")


def plain_page(heading: str, text: str) -> str:
    """A page that says one thing."""
    return _document(heading, f"<h1>{escape(heading)}</h1><p>{escape(text)}</p>")


def _open(page: PayPage) -> str:
    if page.card:
        ways = [_card(page, page.card)]
    else:
        ways = [_upi(page.upi_link)] if page.upi_link else []
        ways += [_bank(page.bank, page.amount)] if page.bank else []
    if ways or page.note:
        return "".join(ways)
    return "<p>This payment cannot be made here at the moment. Please ask the operator.</p>"


def _card(page: PayPage, card: CardOffer) -> str:
    word = f"Hold {page.amount}" if page.hold else f"Pay {page.amount}"
    why = (
        "<p>This amount is held on your card while you charge. At the end only what your charging costs is taken, "
        "and the rest is released.</p>"
        if page.hold
        else ""
    )
    return (
        f'{why}<form id="pay" data-key="{escape(card.publishable_key)}" data-secret="{escape(card.client_secret)}">'
        '<div id="element"></div><p id="problem" class="note" role="alert" hidden></p>'
        f'<button type="submit" id="submit" disabled>{escape(word)}</button></form>'
        "<noscript><p>Paying by card needs JavaScript: your card's data go to Stripe, never to us.</p></noscript>"
    )


def _upi(link: str) -> str:
    code = segno.make(link, error="m").svg_data_uri(scale=5, border=2)
    return (
        f'<section><h2>UPI</h2><a class="button" href="{escape(link)}">Open a UPI app</a>'
        "<p>Or scan with another phone:</p>"
        f'<img class="code" src="{escape(code)}" alt="UPI code of this payment"></section>'
    )


def _bank(bank: BankOffer, amount: str) -> str:
    facts = {
        "To": bank.name,
        "IBAN": " ".join(bank.iban[at : at + 4] for at in range(0, len(bank.iban), 4)),
        "BIC": bank.bic,
        "Amount": amount,
        "Reference": bank.reference,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value)
    return f"<section><h2>Bank transfer</h2><dl>{rows}</dl><p>Please give the reference exactly.</p></section>"


def _document(title: str, body: str, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:{quote(",")}">'
        f'<link rel="stylesheet" href="/assets/pay.css">{head}</head><body><main>{body}</main></body></html>'
    )
