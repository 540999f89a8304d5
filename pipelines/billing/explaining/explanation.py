"""What an explanation of a price consists of. Decimals throughout; times in the site's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Rule:
    """An assignment that fits the session. `names`: what it is bound to, the most particular first."""

    assignment_id: str
    tariff_id: str
    names: tuple[str, ...]
    won: bool


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An element before the chosen one that has the dimension too, and why it does not hold at the period's start."""

    element_no: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """Where the price of one dimension of a period comes from.

    `volume` in Wh, s or 1 (FLAT); `billed_volume` with what a step adds; `price` per `unit`. `element_no` None: no
    element that has the dimension holds, and it is free.
    """

    dimension: str
    volume: Decimal
    element_no: int | None
    passed_over: tuple[PassedOver, ...]
    billed_volume: Decimal = Decimal(0)
    unit: str | None = None
    price: Decimal | None = None
    vat_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A charging period: what was used and what it costs. `session_…`: since the session's start, at the period's."""

    period_no: int
    local_start: datetime
    local_end: datetime | None
    energy_wh: Decimal
    charging_seconds: Decimal
    parking_seconds: Decimal
    reservation_seconds: Decimal
    session_seconds: Decimal | None
    session_energy_wh: Decimal | None
    power_w: tuple[Decimal, Decimal] | None
    current_a: tuple[Decimal, Decimal] | None
    reservation: str | None
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What rounding up to whole steps adds (Wh or s), and the period in which it is billed."""

    dimension: str
    step_size: int
    used: Decimal
    added: Decimal
    period_no: int
    price: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Line:
    """A priced line, as it stands in the CDR."""

    line_no: int
    dimension: str
    element_no: int | None
    quantity: Decimal
    quantity_unit: str
    price: Decimal
    vat_percent: Decimal | None
    amount_excl_vat: Decimal | None
    amount_incl_vat: Decimal | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a session got its price, or why it has none (`reason`). `stored_…`: what the CDR itself says.

    `reverse_charge`: who holds the contract owes the VAT, so that none is charged.
    """

    session: str
    place: str | None
    time_zone: str | None
    local_start: datetime | None
    local_end: datetime | None
    tariff_id: str | None = None
    tariff_version: int | None = None
    currency: str | None = None
    tax_included: str = "NO"
    reason: str | None = None
    rules: tuple[Rule, ...] = ()
    periods: tuple[Period, ...] = ()
    steps: tuple[Step, ...] = ()
    lines: tuple[Line, ...] = ()
    least_price: Decimal | None = None
    greatest_price: Decimal | None = None
    total_excl_vat: Decimal | None = None
    total_incl_vat: Decimal | None = None
    stored_excl_vat: Decimal | None = None
    stored_incl_vat: Decimal | None = None
    is_stored: bool = False
    reverse_charge: bool = False
