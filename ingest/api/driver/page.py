"""The frame of every page of a phone: head, bar, and small parts of HTML. Texts are escaped where they come in."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from ingest.api.door import NOTHING
from ingest.api.driver.models import Language
from ingest.api.driver.texts import TEXTS

# Forms go to ourselves; the one script asks ourselves for the page again.
POLICY = (
    NOTHING.replace("form-action 'none'", "form-action 'self'")
    + "; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:"
)
_BOLT = '<svg class="bolt" viewBox="0 0 24 24" aria-hidden="true"><path d="M13 2 4 14h6l-1 8 9-12h-6z"/></svg>'


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: language, and whether somebody is signed in."""

    language: Language = "en"
    is_signed_in: bool = False

    def text(self, name: str, **facts: str) -> str:
        """A text of this language."""
        return TEXTS[self.language][name].format(**facts)

    def say(self, name: str, **facts: str) -> str:
        """The same, escaped."""
        return escape(self.text(name, **facts))


def document(reader: Reader, title: str, body: str, *, state: str = "", refresh_seconds: int | None = None) -> str:
    """A whole page. `refresh_seconds`: how often it is asked for again; None: never. Another `state` is a new page."""
    again = "" if refresh_seconds is None else f' data-refresh="{refresh_seconds}"'
    without_script = (
        ""
        if refresh_seconds is None
        else f'<noscript><meta http-equiv="refresh" content="{max(refresh_seconds, 10)}"></noscript>'
    )
    mine = ("/d/sessions", "my_sessions") if reader.is_signed_in else ("/d", "sign_in")
    return (
        f'<!doctype html><html lang="{reader.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">'
        f"<title>{escape(title)}</title>{without_script}"
        f'<link rel="icon" href="data:{quote(",")}"><link rel="stylesheet" href="/d/assets/driver.css">'
        '<script src="/d/assets/driver.js" defer></script></head><body>'
        f'<header><a class="brand" href="/d" aria-label="{reader.say("home")}">{_BOLT}</a>'
        f'<a class="mine" href="{mine[0]}">{reader.say(mine[1])}</a></header>'
        f'<p id="offline" class="note" role="alert" hidden>{reader.say("no_connection")}</p>'
        f'<main data-state="{escape(state)}"{again}>{body}</main></body></html>'
    )


def plain(reader: Reader, heading: str, text: str = "") -> str:
    """A page that says one thing."""
    told = f"<p>{escape(text)}</p>" if text else ""
    return document(reader, heading, f"<h1>{escape(heading)}</h1>{told}")


def button_form(action: str, label: str, kind: str = "", hidden: str = "") -> str:
    """A form that is one button. `label` is escaped already."""
    return (
        f'<form method="post" action="{escape(action)}">{hidden}'
        f'<button type="submit" class="{kind}">{label}</button></form>'
    )


def hidden_field(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def field(name: str, label: str, kind: str = "text", *, autocomplete: str, value: str = "", more: str = "") -> str:
    """A labelled input. `label` is escaped already."""
    return (
        f'<label for="{name}">{label}</label><input id="{name}" name="{name}" type="{kind}" '
        f'autocomplete="{autocomplete}" value="{escape(value)}" {more}>'
    )
