"""Pages of a place where one can charge, and of a charge."""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import quote

from ingest.api.driver.models import Charge, Place
from ingest.api.driver.page import Reader, button_form, document, field, hidden_field

# How often a page is asked for again: soon where somebody waits for it, seldom where it changes seldom.
_REFRESH_SECONDS: Final = {"awaiting_payment": 10, "starting": 2, "charging": 5, "ended": 5, "failed": 5}


def place_path(station_id: str, evse_id: int) -> str:
    """The path of a place's page, which the code on the station holds."""
    return f"/c/{quote(station_id, safe='')}/{evse_id}"


def place_page(reader: Reader, place: Place, page_token: str, *, note: str = "", email: str = "") -> str:
    """What charging there costs, and the button. `page_token`: of the charge's page, if the button is tapped."""
    say = reader.say
    told = f'<p class="note" role="alert">{note}</p>' if note else ""
    chip = f'<span class="chip {place.state}">{say(place.state)}</span>'
    body = (
        f'<p class="soft">{escape(place.name)}, {say("connector", number=str(place.evse_id))}</p>'
        f'<h1>{escape(place.site)}</h1><p class="soft">{escape(place.address)}</p>{told}'
        f'<div class="card row"><strong>{escape(place.plug)}</strong>{chip}</div>'
        f"{_prices(reader, place)}{_begin(reader, place, page_token, email)}"
        f'<p class="soft">{say("operated_by")} {escape(place.operator)}</p>'
    )
    return document(reader, f"{place.site} · {place.name}", body)


def charge_page(reader: Reader, charge: Charge, page_token: str) -> str:
    """A charge as it stands."""
    parts = {
        "awaiting_payment": _awaiting_payment,
        "starting": _starting,
        "charging": _charging,
        "ended": _ended,
        "failed": _failed,
    }
    where = " · ".join(filter(None, (charge.site, charge.name, charge.plug)))
    body = f'<p class="soft">{escape(where)}</p>{parts[charge.state](reader, charge, page_token)}'
    refresh = None if charge.is_final else _REFRESH_SECONDS[charge.state]
    state = f"{charge.state}{'-stopping' if charge.is_stopping else ''}{'-final' if charge.is_final else ''}"
    title = reader.say("stopping" if charge.is_stopping else charge.state)
    return document(reader, f"{title} · {charge.site}", body, state=state, refresh_seconds=refresh)


def _prices(reader: Reader, place: Place) -> str:
    say = reader.say
    if place.no_price:
        return f'<section class="card"><h2>{say("price")}</h2><p class="note">{say("no_price")}</p></section>'
    rows = "".join(
        f"<dt>{escape(price.what)}{f'<small>{escape(price.when)}</small>' if price.when else ''}</dt>"
        f"<dd>{escape(price.price)}</dd>"
        for price in place.prices
    )
    return f'<section class="card"><h2>{say("price")}</h2><dl>{rows}</dl></section>'


def _begin(reader: Reader, place: Place, page_token: str, email: str) -> str:
    say = reader.say
    path = place_path(place.station_id, place.evse_id)
    sign_in = ""
    if not reader.is_signed_in:
        sign_in = f'<p><a class="link" href="/d?next={quote(path, safe="")}">{say("have_contract")}</a></p>'
    if place.state != "free":
        return f'<p class="soft">{say(f"{place.state}_text")}</p>'
    if place.no_price:
        return ""
    if place.pays == "nobody":
        return f'<p class="note">{say("nobody_pays")}</p>{sign_in}'
    start = hidden_field("start", page_token)
    if place.pays == "contract":
        form = f'<p>{say("by_contract")}</p><button type="submit">{say("start")}</button>'
        return f'<form method="post" action="{escape(path)}">{start}{form}</form>'
    mail = "" if reader.is_signed_in else field("email", say("receipt_to"), "email", autocomplete="email", value=email)
    form = f'<p>{say("hold_text", hold=place.hold or "")}</p>{mail}<button type="submit">{say("start_pay")}</button>'
    return f'<form method="post" action="{escape(path)}">{start}{form}</form>{sign_in}'


def _head(reader: Reader, name: str, kind: str) -> str:
    return f'<div class="state {kind}" role="status"><i aria-hidden="true"></i><h1>{reader.say(name)}</h1></div>'


def _awaiting_payment(reader: Reader, charge: Charge, page_token: str) -> str:
    say = reader.say
    return (
        f"{_head(reader, 'awaiting_payment', 'waits')}<p>{say('awaiting_payment_text')}</p>"
        f'<a class="button" href="{escape(charge.pay_path or "/d")}">{say("to_payment")}</a>'
        f"{button_form(f'/s/{page_token}/stop', say('cancel'), 'quiet')}"
    )


def _starting(reader: Reader, charge: Charge, page_token: str) -> str:
    say = reader.say
    return (
        f"{_head(reader, 'starting', 'waits')}<p>{say('starting_text')}</p>{_money(reader, charge)}"
        f"{button_form(f'/s/{page_token}/stop', say('cancel'), 'quiet')}"
    )


def _charging(reader: Reader, charge: Charge, page_token: str) -> str:
    say = reader.say
    head = _head(reader, "stopping" if charge.is_stopping else "charging", "goes")
    if charge.cost is None:
        big = f'<p class="soft">{say("charging_soon")}</p>'
    else:
        big = _amount(reader, charge, "cost_so_far")
    as_of = f'<p class="soft">{say("as_of", time=charge.as_of)}</p>' if charge.as_of else ""
    stop = "" if charge.is_stopping else button_form(f"/s/{page_token}/stop", say("stop"), "stop")
    return (
        f'{head}<div data-live="cost">{big}{as_of}</div>'
        f'<div data-live="tiles">{_tiles(reader, charge)}{_items(reader, charge)}</div>{_money(reader, charge)}{stop}'
    )


def _ended(reader: Reader, charge: Charge, page_token: str) -> str:
    say = reader.say
    is_priced = charge.cost is not None and charge.as_of is None
    big = _amount(reader, charge, "cost") if is_priced else f"<p>{say('ended_soon')}</p>"
    items = _items(reader, charge) if is_priced else ""
    after = ""
    if is_priced:
        if charge.money is None:
            after = f"<p>{say('on_invoice')}</p>"
        elif charge.receipt is not None:
            told = say("receipt", number=charge.receipt)
            after = f'<a class="button" href="/s/{page_token}/receipt.pdf">{told}</a>'
        elif charge.money != "given_back":
            after = f'<p class="soft">{say("receipt_coming")}</p>'
    return (
        f'{_head(reader, "ended", "done")}<div data-live="cost">{big}</div>'
        f'<div data-live="tiles">{_tiles(reader, charge)}{items}</div>'
        f'<div data-live="after">{_money(reader, charge)}{after}</div>'
    )


def _failed(reader: Reader, charge: Charge, _page_token: str) -> str:
    say = reader.say
    why = f"<p>{say(f'why_{charge.why_failed}')}</p>" if charge.why_failed else ""
    again = place_path(charge.station_id, charge.evse_id)
    return (
        f'{_head(reader, "failed", "not")}{why}<div data-live="money">{_money(reader, charge)}</div>'
        f'<a class="button" href="{escape(again)}">{say("again")}</a>'
    )


def _amount(reader: Reader, charge: Charge, name: str) -> str:
    note = f"<small>{reader.say('before_vat')}</small>" if charge.is_before_vat else ""
    return f'<p class="big"><span>{reader.say(name)}</span>{escape(charge.cost or "")}{note}</p>'


def _tiles(reader: Reader, charge: Charge) -> str:
    say = reader.say
    if charge.until is not None and charge.since is not None:
        when = say("from_to", since=charge.since, until=charge.until)
    else:
        when = say("since", time=charge.since) if charge.since else ""
    tiles = (("energy", charge.energy, ""), ("power", charge.power, ""), ("time", charge.duration, when))
    shown = "".join(
        f"<div><dt>{say(name)}</dt><dd>{escape(value)}{f'<small>{more}</small>' if more else ''}</dd></div>"
        for name, value, more in tiles
        if value
    )
    return f'<dl class="tiles">{shown}</dl>' if shown else ""


def _items(reader: Reader, charge: Charge) -> str:
    rows = "".join(
        f"<dt>{reader.say(item.what)}{f'<small>{escape(item.quantity)}</small>' if item.quantity else ''}</dt>"
        f"<dd>{escape(item.amount)}</dd>"
        for item in charge.items
    )
    return f'<dl class="card">{rows}</dl>' if rows else ""


def _money(reader: Reader, charge: Charge) -> str:
    """What becomes of the money that is held, in one line."""
    say = reader.say
    if charge.left is not None and charge.pay_path is not None:
        rest = f'<a class="button" href="{escape(charge.pay_path)}">{say("pay_left")}</a>'
        return f"<p>{say('left', left=charge.left)}</p>{rest}"
    told = ""
    if charge.money == "taken" and charge.taken is not None:
        told = say("taken", taken=charge.taken)
    elif charge.money == "given_back":
        told = say("released")
    elif charge.money == "held" and charge.state == "failed":
        told = say("being_released")
    elif charge.money == "held" and charge.state == "ended":
        told = say("being_taken")
    elif charge.money == "held" and charge.hold is not None:
        told = say("on_hold", hold=charge.hold)
    return f'<p class="soft">{told}</p>' if told else ""
