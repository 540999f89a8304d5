"""A finished invoice or credit note as plain values: what is rendered, sent, and stored once it is issued.

Nothing here knows a database, a clock or a template. Amounts are decimals in the document's currency, already rounded
half-up to its minor unit where they stand on a line; taxes are computed per category and rate on the sum of the lines
(EN 16931-1, BR-CO-17). Terms in brackets are those of EN 16931 (BT-…, BG-…).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import reduce
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from warehouse.errors import InputError
from warehouse.money import MINOR_UNITS

Kind = Literal["invoice", "credit_note"]
# An invoice is written by the seller, or in his stead by the buyer (self-billing); a statement, by the buyer, is none.
Form = Literal["invoice", "self_billed", "statement"]
Language = Literal["en", "de"]
Unit = Literal["kWh", "h", "min", "session", "month", "day", "piece"]
Means = Literal["bank_transfer", "sepa_direct_debit", "card", "upi", "prepaid"]

ZERO = Decimal(0)
# Enough for any product of two DECIMAL(38) columns: nothing is rounded but where `half_up` says so.
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP, traps=[InvalidOperation])


class TaxUnknown(InputError):
    """The tax of a line is not known, which is not 0 %. `line_no` and `source` say where to mend it."""

    def __init__(self, line_no: int, source: PriceSource | None) -> None:
        where = "its tariff" if source is None else str(source)
        super().__init__(
            f"The VAT of line {line_no} is not known, so nothing may be issued. Give {where} its VAT "
            "(0 where none is due) in a new version of the tariff, or declare the country's rate in tax_rates, and "
            "refresh."
        )
        self.line_no, self.source = line_no, source


class CurrencyUnknown(InputError):
    """Not a currency of ISO 4217 that has a minor unit."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"{currency!r} is not a currency of ISO 4217. Correct the contract's currency.")
        self.currency = currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Seller (BG-4) or buyer (BG-7). `state_code`: ISO 3166-2 part or, in India, the two digits of the GST state."""

    name: str
    country_code: str
    street: str = ""
    post_code: str = ""
    city: str = ""
    state_code: str = ""
    vat_id: str = ""  # VAT identifier with its country's prefix, or GSTIN
    tax_number: str = ""  # of a seller at its tax office, where it has no VAT identifier (BT-32)
    legal_id: str = ""  # number in the register of companies
    legal_note: str = ""  # what national law wants on a letter: court, directors (BT-33)
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax on a line: its name as printed (VAT, CGST, …) and its rate in per cent."""

    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class PriceSource:
    """The price component that a line comes from, so that a fault names what to mend."""

    tariff_id: str
    tariff_version: int
    element_no: int
    dimension: str

    def __str__(self) -> str:
        return (
            f"the {self.dimension} price component of element {self.element_no} "
            f"of tariff {self.tariff_id} (version {self.tariff_version})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One invoice line (BG-25).

    `quantity` × `unit_price`, rounded half-up to the minor unit, is `amount_excl_tax`; what reduces the amount has a
    negative quantity, never a negative price (BR-27). `taxes` None: not known; (): outside the scope of VAT.
    """

    line_no: int
    description: str
    quantity: Decimal
    unit: Unit
    unit_price: Decimal
    amount_excl_tax: Decimal
    taxes: tuple[Tax, ...] | None
    tax_category: str = "S"  # UNTDID 5305: S standard, Z zero-rated, E exempt, AE reverse charge, O outside of VAT
    detail: str = ""
    site: str = ""
    cost_centre: str = ""
    sac_code: str = ""  # India: services accounting code
    session_id: str = ""
    price_source: PriceSource | None = None


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """One tax of one category on the sum of its lines (BG-23)."""

    category: str
    name: str
    percent: Decimal
    basis: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Document totals (BG-22). `due` = incl_tax − paid + rounding."""

    excl_tax: Decimal = ZERO
    tax: Decimal = ZERO
    incl_tax: Decimal = ZERO
    paid: Decimal = ZERO
    rounding: Decimal = ZERO
    due: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How the amount due is or was paid (BG-16). Which fields are needed follows from `means`; `check` says so."""

    means: Means
    reference: str = ""  # what to write on the transfer; the document's number where empty
    iban: str = ""  # of the seller, for bank_transfer
    bic: str = ""
    account_name: str = ""
    mandate_id: str = ""
    creditor_id: str = ""
    debtor_iban: str = ""  # of the buyer, for sepa_direct_debit
    card_last4: str = ""
    upi_vpa: str = ""  # UPI address of the seller
    terms: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """The document that a credit note credits (BG-3)."""

    number: str
    issue_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or a credit note. Amounts of a credit note are positive: its kind says that they are given back."""

    kind: Kind
    number: str
    series: str
    issue_date: date
    currency: str
    period_from: date  # first and last local day that it bills
    period_to: date
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    payment: Payment
    due_date: date | None = None
    taxes: tuple[TaxTotal, ...] = ()
    totals: Totals = field(default_factory=Totals)
    corrects: Correction | None = None
    language: Language = "en"
    notes: tuple[str, ...] = ()
    buyer_reference: str = ""  # what the buyer asked to see: order number, Leitweg-ID
    contract_id: str = ""
    exemption_reason: str = ""  # for categories E, O and AE: which law; E must name one
    place_of_supply: str = ""  # India: GST state code
    simplified: bool = False  # invoice of a small amount, which needs no address of the buyer (Germany: § 33 UStDV)
    rounding: str = "half_up_per_line"  # the rounding policy used
    snapshot_id: int | None = None  # state of the warehouse that it was made from
    form: Form = "invoice"

    @property
    def writer(self) -> Party:
        """Whose letter head it bears."""
        return self.seller if self.form == "invoice" else self.buyer

    @property
    def reader(self) -> Party:
        """Whom it is sent to."""
        return self.buyer if self.form == "invoice" else self.seller


def half_up(value: Decimal, currency: str) -> Decimal:
    """`value` rounded to the minor unit of `currency`, halves away from zero: a credit mirrors its invoice.

    Raises `CurrencyUnknown`.
    """
    if currency not in MINOR_UNITS:
        raise CurrencyUnknown(currency)
    return _EXACT.quantize(value, Decimal(1).scaleb(-MINOR_UNITS[currency]))


def product(left: Decimal, right: Decimal) -> Decimal:
    """The exact product."""
    return _EXACT.multiply(left, right)


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(_EXACT.add, values, ZERO)


class _Placed(Protocol):
    """A line of a document or of a draft: what it is arranged by. It is a dataclass with `line_no`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def cost_centre(self) -> str | None: ...

    @property
    def site(self) -> str | None: ...


Placed = TypeVar("Placed", bound=_Placed)


def arranged(lines: Iterable[Placed]) -> tuple[Placed, ...]:
    """Lines by cost centre, then site, numbered anew: so they are printed in their order. Those without come last."""
    by_place = sorted(lines, key=lambda line: (not line.cost_centre, line.cost_centre, not line.site, line.site))
    return tuple(replace(line, line_no=line_no) for line_no, line in enumerate(by_place, start=1))


def taxes_of(lines: Sequence[Line], currency: str) -> tuple[TaxTotal, ...]:
    """Per category and rate the tax on the sum of the lines, each rounded half-up once (EN 16931-1, BR-CO-17).

    A line with several taxes (CGST and SGST) counts for each of them. Sorted by category, then rate (greatest first),
    then name. Raises `TaxUnknown`.
    """
    sums: dict[tuple[str, str, Decimal], list[Decimal]] = {}
    for line in lines:
        if line.taxes is None:
            raise TaxUnknown(line.line_no, line.price_source)
        # Outside the scope of VAT there is no tax, but the sum is to be shown.
        for tax in line.taxes or (Tax("", ZERO),):
            sums.setdefault((line.tax_category, tax.name, tax.percent), []).append(line.amount_excl_tax)
    found = []
    for (category, name, percent), amounts in sums.items():
        basis = half_up(total(amounts), currency)
        amount = half_up(product(basis, percent.scaleb(-2, _EXACT)), currency)
        found.append(TaxTotal(category, name, percent, basis, amount))
    return tuple(sorted(found, key=lambda tax: (tax.category, -tax.percent, tax.name)))


def totals_of(
    lines: Sequence[Line],
    taxes: Sequence[TaxTotal],
    currency: str,
    *,
    paid: Decimal = ZERO,
    rounding: Decimal = ZERO,
) -> Totals:
    """Totals of lines and their taxes; `rounding` is what the payable sum is rounded by (India: to whole rupees)."""
    excl_tax = half_up(total(line.amount_excl_tax for line in lines), currency)
    tax = half_up(total(tax.amount for tax in taxes), currency)
    incl_tax = excl_tax + tax
    return Totals(
        excl_tax=excl_tax,
        tax=tax,
        incl_tax=incl_tax,
        paid=half_up(paid, currency),
        rounding=half_up(rounding, currency),
        due=half_up(incl_tax - paid + rounding, currency),
    )


def totalled(document: Document, *, paid: Decimal = ZERO, rounding: Decimal = ZERO) -> Document:
    """`document` with the taxes and totals of its lines. Raises `TaxUnknown`."""
    taxes = taxes_of(document.lines, document.currency)
    totals = totals_of(document.lines, taxes, document.currency, paid=paid, rounding=rounding)
    return replace(document, taxes=taxes, totals=totals)


def credit_note_of(
    invoice: Document,
    *,
    number: str,
    series: str,
    issue_date: date,
    lines: Sequence[Line] | None = None,
    notes: Sequence[str] = (),
    snapshot_id: int | None = None,
) -> Document:
    """The credit note for an issued `invoice`: all of it, or `lines`, which are numbered anew.

    What was paid on the invoice is not on it: to give it back is a payment of its own. Where all of it is credited, the
    rounding of the payable sum is credited too.
    """
    whole = lines is None
    credited = invoice.lines if lines is None else lines
    document = replace(
        invoice,
        kind="credit_note",
        number=number,
        series=series,
        issue_date=issue_date,
        due_date=None,
        lines=tuple(replace(line, line_no=line_no) for line_no, line in enumerate(credited, start=1)),
        corrects=Correction(invoice.number, invoice.issue_date),
        notes=tuple(notes),
        snapshot_id=invoice.snapshot_id if snapshot_id is None else snapshot_id,
    )
    return totalled(document, rounding=invoice.totals.rounding if whole else ZERO)
