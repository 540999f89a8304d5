"""What the pages of a phone show, as texts in the reader's language and the site's time: pure, from what is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from pipelines.billing.documents import formats
from pipelines.billing.documents.model import Language, half_up
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.records import PaymentRecord
from pipelines.billing.pricing.running import RunningCost, RunningLine
from pipelines.billing.starts.costs import EndedCost
from pipelines.billing.starts.model import Start
from pipelines.billing.starts.place import Evse, EvseState
from pipelines.billing.tariffs.posted import Posted
from warehouse.money import MINOR_UNITS

_NBSP = "\u00a0"
_THOUSAND = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Place:
    """The page of an EVSE. `pays`: who would pay: a contract, a held payment, or nobody can; `hold`: that amount.

    `no_price`: there is no price, so nobody can begin.
    """

    station_id: str
    evse_id: int
    name: str
    site: str
    address: str
    operator: str
    plug: str
    state: EvseState
    prices: tuple[Posted, ...]
    no_price: bool
    pays: Literal["contract", "hold", "nobody"]
    hold: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """One component of a price: `what` (an OCPI dimension), how much of it, and what it costs."""

    what: str
    quantity: str
    amount: str


@dataclass(frozen=True, slots=True)
class Charge:
    """The page of a charge. Texts are None where nothing is known; `as_of`: the time of energy, power and cost.

    `money`: what became of the held amount: asked (it is not held yet), held, taken (`taken`), given_back;
    None: a contract pays. `left`: what is still to be paid at `pay_path`.
    """

    state: str
    why_failed: str | None
    station_id: str
    evse_id: int
    name: str
    site: str
    plug: str
    since: str | None
    until: str | None
    duration: str | None
    energy: str | None
    power: str | None
    cost: str | None
    is_before_vat: bool
    items: tuple[Item, ...]
    as_of: str | None
    is_stopping: bool
    money: Literal["asked", "held", "taken", "given_back"] | None
    hold: str | None
    taken: str | None
    left: str | None
    pay_path: str | None
    receipt: str | None
    is_final: bool


@dataclass(frozen=True, slots=True)
class Past:
    """One line of a driver's charges. `page_token`: of its page, where it was begun on a phone."""

    day: str
    site: str
    energy: str | None
    cost: str | None
    state: str
    page_token: str | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice of a driver's contracts."""

    number: str
    day: str
    amount: str


def place_shown(
    evse: Evse, prices: Sequence[Posted] | None, contract_id: str | None, hold: Money | None, language: Language
) -> Place:
    """`prices`: None where there are none; `hold`: what would be held, None where nobody takes cards."""
    return Place(
        evse.station_id,
        evse.evse_id,
        evse.station_name,
        evse.site_name,
        evse.address,
        evse.operator_name,
        plug(evse, language),
        evse.state,
        tuple(prices or ()),
        prices is None,
        "contract" if contract_id is not None else "nobody" if hold is None else "hold",
        None if hold is None or contract_id is not None else minor(hold, language),
    )


def charge_shown(
    start: Start,
    evse: Evse | None,
    cost: RunningCost | EndedCost | None,
    payment: PaymentRecord | None,
    receipt: str | None,
    is_stopping: bool,
    is_rest_open: bool,
    may_begin: bool,
    now: datetime,
    language: Language,
) -> Charge:
    """`cost`: what the lake knows of its session; `receipt`: the number of its document, once that is issued;
    `is_rest_open`: whether what could not be taken is still to be paid; `may_begin`: it may, though it has failed."""
    zone = ZoneInfo(evse.time_zone if evse is not None else "UTC")
    began = cost.started_at if cost is not None else start.began_at
    ended = cost.ended_at if isinstance(cost, EndedCost) else start.over_at if start.state == "ended" else None
    until = None if began is None else (ended or now)
    gross = None if cost is None else cost.total_incl_vat
    total = gross if cost is None or gross is not None else cost.total_excl_vat
    currency = None if cost is None else cost.currency
    is_settled = payment is None or payment.state in ("captured", "released", "failed")
    return Charge(
        state=start.state,
        why_failed=start.why_failed,
        station_id=start.station_id,
        evse_id=start.evse_id,
        name=start.station_id if evse is None else evse.station_name,
        site="" if evse is None else evse.site_name,
        plug="" if evse is None else plug(evse, language),
        since=None if began is None else clock(began, zone),
        until=None if ended is None else clock(ended, zone),
        duration=None if began is None or until is None else span(until - began),
        energy=None if cost is None or cost.energy_wh is None else kwh(cost.energy_wh, language),
        power=_power(start, cost, language),
        cost=None if total is None or currency is None else formats.money(total, currency, language),
        is_before_vat=total is not None and gross is None,
        items=()
        if cost is None or total is None or currency is None
        else tuple(_items(cost.lines, total, currency, language)),
        as_of=clock(cost.until, zone, "%H:%M:%S") if isinstance(cost, RunningCost) else None,
        is_stopping=is_stopping,
        money=_money(payment),
        hold=None if payment is None else minor(payment.amount, language),
        taken=None if payment is None else minor(payment.money(payment.captured_minor), language),
        left=minor(payment.money(payment.open_minor or 0), language) if payment and is_rest_open else None,
        pay_path=None if payment is None else f"/pay/{payment.pay_token}",
        receipt=receipt,
        is_final=(start.state == "failed" and is_settled and not may_begin)
        or (
            start.state == "ended"
            and isinstance(cost, EndedCost)
            and is_settled
            and (receipt is not None or payment is None or payment.captured_minor == 0)
        ),
    )


def plug(evse: Evse, language: Language) -> str:
    """`Type 2 · 22 kW`."""
    return f"{' / '.join(evse.plugs)} · {kw(Decimal(evse.power_w), language)}"


def clock(at: datetime, zone: ZoneInfo, form: str = "%H:%M") -> str:
    return f"{at.astimezone(zone):{form}}"


def span(time: timedelta) -> str:
    """`1:05 h`, `12 min`, `31 s`."""
    seconds = max(int(time.total_seconds()), 0)
    minutes = seconds // 60
    if 0 < seconds < 60:
        return f"{seconds}{_NBSP}s"
    return f"{minutes // 60}:{minutes % 60:02d}{_NBSP}h" if minutes >= 60 else f"{minutes}{_NBSP}min"


def kwh(energy_wh: Decimal, language: Language) -> str:
    """`4.50 kWh`; with the watt-hours where there are any: a tariff's step may turn 0.244 into 0.245."""
    digits = 2 if energy_wh.quantize(Decimal(1), rounding=ROUND_HALF_UP) % 10 == 0 else 3
    return f"{formats.number(energy_wh / _THOUSAND, digits, language)}{_NBSP}kWh"


def kw(power_w: Decimal, language: Language) -> str:
    digits = 0 if power_w % _THOUSAND == 0 else 1
    return f"{formats.number(power_w / _THOUSAND, digits, language)}{_NBSP}kW"


def minor(money: Money, language: Language) -> str:
    """An amount of minor units with its currency."""
    return formats.money(Decimal(money.minor).scaleb(-MINOR_UNITS[money.currency]), money.currency, language)


def _items(lines: Sequence[RunningLine], total: Decimal, currency: str, language: Language) -> tuple[Item, ...]:
    """The components, which sum to `total` as it is shown: a cent that rounding makes is an item of its own."""
    found: list[Item] = []
    rest = half_up(total, currency)
    for line in lines:
        amount = line.amount_excl_vat if line.amount_incl_vat is None else line.amount_incl_vat
        if amount is None:
            continue
        rest -= half_up(amount, currency)
        found.append(Item(line.dimension, _quantity(line, language), formats.money(amount, currency, language)))
    if rest and found:
        found.append(Item("ROUNDING", "", formats.money(rest, currency, language)))
    return tuple(found)


def _power(start: Start, cost: RunningCost | EndedCost | None, language: Language) -> str | None:
    if start.state != "charging" or not isinstance(cost, RunningCost) or cost.power_w is None:
        return None
    return kw(cost.power_w, language)


def _quantity(line: RunningLine, language: Language) -> str:
    if line.quantity_unit == "kWh":
        return kwh(line.quantity * _THOUSAND, language)
    if line.quantity_unit == "h":
        seconds = (line.quantity * 3600).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return span(timedelta(seconds=int(seconds)))
    return ""


def _money(payment: PaymentRecord | None) -> Literal["asked", "held", "taken", "given_back"] | None:
    if payment is None:
        return None
    if payment.state == "captured":
        return "taken"
    if payment.state in ("released", "failed"):
        return "given_back"
    return "held" if payment.state == "authorised" else "asked"
