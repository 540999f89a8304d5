"""Pages of who is signed in, or wants to be."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from ingest.api.driver.accounts import LONGEST, SHORTEST
from ingest.api.driver.models import Invoice, Past
from ingest.api.driver.page import Reader, button_form, document, field, hidden_field


def sign_in_page(reader: Reader, *, proves: bool, note: str = "", email: str = "", goes_on_at: str = "") -> str:
    """Sign in, or register. `proves`: by a mailed link, behind which the password is chosen; else at once. `note` is
    escaped already; `goes_on_at`: the path to go to afterwards."""
    say = reader.say
    told = _note(note)
    after = hidden_field("next", goes_on_at) if goes_on_at else ""
    address = field("email", say("email"), "email", autocomplete="username", value=email, more="required")
    password = field("password", say("password"), "password", autocomplete="current-password", more="required")
    other = field("new_email", say("email"), "email", autocomplete="email", value=email, more="required")
    summary, asks, button = "register_or_reset", other, "send_link"
    if not proves:
        summary, asks, button = "register", f"{_name(reader)}{other}{_chosen(reader)}", "register"
    return document(
        reader,
        reader.say("sign_in"),
        f"<h1>{say('sign_in')}</h1>{told}"
        f'<form method="post" action="/d/sign-in" class="card">{after}{address}{password}'
        f'<button type="submit">{say("sign_in")}</button></form>'
        f"<details><summary>{say(summary)}</summary>"
        f'<form method="post" action="/d/register" class="card">{after}{asks}'
        f'<button type="submit">{say(button)}</button></form></details>'
        f'<p class="soft">{say("no_account_needed")}</p>',
    )


def home_page(reader: Reader, email: str, name: str | None) -> str:
    """The page of a driver who is signed in."""
    say = reader.say
    greeting = f"<strong>{escape(name)}</strong><br>" if name else ""
    return document(
        reader,
        say("home"),
        f'<h1>{say("home")}</h1><div class="card"><p class="soft">{say("signed_in_as")}</p>'
        f"<p>{greeting}{escape(email)}</p></div>"
        f'<a class="button" href="/d/sessions">{say("my_sessions")}</a>'
        f"{button_form('/d/sign-out', say('sign_out'), 'quiet')}"
        f'<p class="soft">{say("scan")}</p>',
    )


def letter_page(reader: Reader, token: str, email: str, is_registered: bool, *, note: str = "") -> str:
    """Where a mailed link leads: the password is chosen here, by who has the mail. `note` is escaped already."""
    say = reader.say
    # Password managers keep the password with the address.
    address = field("email", say("email"), "email", autocomplete="username", value=email, more="readonly")
    name = "" if is_registered else _name(reader)
    return document(
        reader,
        say("letter_open"),
        f"<h1>{say('letter_open')}</h1>{_note(note)}<p>{say('letter_open_text')}</p>"
        f'<form method="post" action="/d/letters/{escape(token)}" class="card">{address}{name}{_chosen(reader)}'
        f'<button type="submit">{say("confirm")}</button></form>',
    )


def _note(note: str) -> str:
    return f'<p class="note" role="alert">{note}</p>' if note else ""


def _name(reader: Reader) -> str:
    return field("name", reader.say("name"), autocomplete="name", more='maxlength="120"')


def _chosen(reader: Reader) -> str:
    bounds = f'minlength="{SHORTEST}" maxlength="{LONGEST}" required'
    return field("new_password", reader.say("new_password"), "password", autocomplete="new-password", more=bounds)


def sessions_page(reader: Reader, past: Sequence[Past], invoices: Sequence[Invoice]) -> str:
    """Past charges and invoices."""
    say = reader.say
    rows = "".join(_past(reader, row) for row in past)
    body = f"<h1>{say('my_sessions')}</h1>"
    body += f'<ul class="list">{rows}</ul>' if rows else f'<p class="soft">{say("sessions_none")}</p>'
    if invoices:
        told = "".join(
            f'<li><a href="/d/invoices/{quote(row.number, safe="")}.pdf"><span><strong>{escape(row.number)}</strong>'
            f'<small>{escape(row.day)}</small></span><span class="amount">{escape(row.amount)}</span></a></li>'
            for row in invoices
        )
        body += f'<h2>{say("invoices")}</h2><ul class="list">{told}</ul>'
    return document(reader, say("my_sessions"), body)


def _past(reader: Reader, row: Past) -> str:
    left = f"<span><strong>{escape(row.site)}</strong><small>{escape(row.day)}"
    left += f" · {escape(row.energy)}</small></span>" if row.energy else "</small></span>"
    amount = escape(row.cost) if row.cost else "" if row.state == "ended" else reader.say("goes_on")
    told = f'{left}<span class="amount">{amount}</span>'
    if row.page_token is None:
        return f"<li><div>{told}</div></li>"
    return f'<li><a href="/s/{row.page_token}">{told}</a></li>'
