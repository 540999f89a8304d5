"""A draft and its parties made into a document. Pure: what is missing is found by `documents.check`."""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from pipelines.billing.documents import gst
from pipelines.billing.documents.formats import number as formatted
from pipelines.billing.documents.formats import quantity, session_detail
from pipelines.billing.documents.model import Document, Language, Line, PriceSource, Tax, Unit, product, totalled
from pipelines.billing.issuing.drafts import Component, Draft, DraftLine
from pipelines.billing.issuing.parties import Terms
from pipelines.billing.issuing.receipts import as_receipt
from warehouse.errors import InputError

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "session": "Charging session",
        "fee": "Monthly fee {plan}",
        "included": "Included energy {plan}",
        "vat": "VAT",
    },
    "de": {"session": "Ladevorgang", "fee": "Grundgebühr {plan}", "included": "Inklusivenergie {plan}", "vat": "USt"},
}
# Less than any currency's minor unit is worth of a line that is rounded to it.
_NEAR = Decimal("0.01")
_UNITS: dict[str, Unit] = {"kWh": "kWh", "h": "h", "session": "session"}


class TermsChanged(InputError):
    """Who is charged VAT was declared anew since the draft was made: its VAT is that of before."""

    def __init__(self, draft_id: str, drafted: str | None, declared: str | None) -> None:
        super().__init__(
            f"The tax_category of contract or operator is {declared or 'not given'} now, and was "
            f"{drafted or 'not given'} when the draft was made. Run `kwhouse refresh`."
        )
        self.draft_id, self.drafted, self.declared = draft_id, drafted, declared


class VatNotDue(InputError):
    """A price names a VAT, and the seller is declared exempt or outside of it. `category`: E or O."""

    def __init__(self, draft_id: str, line: DraftLine, category: str) -> None:
        source = f"tariff {line.tariff_id}" if line.tariff_id else f"plan {line.plan}"
        super().__init__(
            f"Line {line.line_no} bears VAT, and the operator charges none (tax_category {category}). Leave the VAT "
            f"out of {source} in a new version, or take tax_category from the operator."
        )
        self.draft_id, self.line_no, self.category = draft_id, line.line_no, category


def compose(draft: Draft, terms: Terms, *, number: str, series: str, issue_date: date, snapshot: int) -> Document:
    """The invoice that `draft` becomes. Raises `TaxUnknown` where a line's VAT is not known, `TermsChanged`, and
    `VatNotDue`."""
    if draft.tax_category != terms.tax_category:
        raise TermsChanged(draft.draft_id, draft.tax_category, terms.tax_category)
    for line in draft.lines:
        if terms.tax_category is not None and line.vat_percent:
            raise VatNotDue(draft.draft_id, line, terms.tax_category)
    place = gst.place_of_supply(terms.seller, terms.buyer) if terms.seller.country_code == "IN" else ""
    last_day = calendar.monthrange(draft.month.year, draft.month.month)[1]
    document = Document(
        kind="invoice",
        number=number,
        series=series,
        issue_date=issue_date,
        due_date=issue_date + timedelta(days=terms.payment_days),
        currency=draft.currency,
        period_from=draft.month,
        period_to=draft.month.replace(day=last_day),
        seller=terms.seller,
        buyer=terms.buyer,
        lines=tuple(_line(line, terms, place) for line in draft.lines),
        payment=terms.payment,
        language=terms.language,
        contract_id=draft.contract_id,
        place_of_supply=place,
        exemption_reason=terms.exemption_reason,
        snapshot_id=snapshot,
    )
    document = totalled(document)
    if place and draft.currency == "INR" and terms.received is None:
        document = totalled(document, rounding=gst.rounding(document.totals.incl_tax))
    if terms.received is None:
        return document
    return as_receipt(document, draft, terms.received, is_named=terms.is_named)


def _line(line: DraftLine, terms: Terms, place: str) -> Line:
    amount, unit, price = _quantity(line)
    made = Line(
        line_no=line.line_no,
        description=_description(line, terms.language),
        detail=_detail(line, terms.language),
        quantity=amount,
        unit=unit,
        unit_price=price,
        amount_excl_tax=line.amount_excl_vat,
        taxes=_taxes(line.vat_percent, terms, place),
        tax_category=terms.tax_category or ("Z" if line.vat_percent == 0 else "S"),
        site=line.site or "",
        cost_centre=line.cost_centre or "",
        session_id=line.session_id or "",
        price_source=_source(line),
    )
    return replace(made, sac_code=terms.sac_code or gst.SAC_CHARGING) if place else made


def _quantity(line: DraftLine) -> tuple[Decimal, Unit, Decimal]:
    """Quantity and price of a line: those of its only component, else one session for the whole amount."""
    if line.kind == "session" and len(line.components) == 1 and line.components[0].quantity_unit in _UNITS:
        [component] = line.components
        # Where prices include their tax, price times quantity is not the net amount.
        if abs(product(component.quantity, component.price) - line.amount_excl_vat) < _NEAR:
            return component.quantity, _UNITS[component.quantity_unit], component.price
    one = Decimal(-1 if line.amount_excl_vat < 0 else 1)
    unit: Unit = "session" if line.kind == "session" else "month"
    return one, unit, abs(line.amount_excl_vat)


def _description(line: DraftLine, language: Language) -> str:
    words = _WORDS[language]
    if line.kind == "session":
        return words["session"]
    return words.get(line.kind, line.kind).format(plan=line.plan or "").strip()


def _detail(line: DraftLine, language: Language) -> str:
    """Station, local begin and end, energy, and the components where they are several."""
    if line.local_start is None or line.local_end is None:
        return ""
    detail = session_detail(
        language,
        station=line.station_id or "",
        began=line.local_start,
        ended=line.local_end,
        # Where there are several components, the energy is one of them.
        energy_wh=line.energy_wh if line.energy_wh and len(line.components) < 2 else None,
    )
    if len(line.components) < 2:
        return detail
    return f"{detail} · {' + '.join(_component(component, language) for component in line.components)}"


def _component(component: Component, language: Language) -> str:
    unit = _UNITS.get(component.quantity_unit, "session")
    price = formatted(component.price, _digits(component.price), language)
    amount = quantity(component.quantity, unit, language)
    return f"{amount} × {price}" if unit == "session" else f"{amount} {unit} × {price}"


def _digits(price: Decimal) -> int:
    """Decimals that a price needs, two at least."""
    return max(2, -int(price.normalize().as_tuple().exponent))


def _taxes(percent: Decimal | None, terms: Terms, place: str) -> tuple[Tax, ...] | None:
    if percent is None:
        return None
    if terms.tax_category == "O":
        return ()
    if place:
        return gst.taxes(terms.seller.state_code, place, percent)
    return (Tax(_WORDS[terms.language]["vat"], percent),)


def _source(line: DraftLine) -> PriceSource | None:
    if line.tariff_id is None or line.tariff_version is None:
        return None
    for component in line.components:
        if component.element_no is not None:
            return PriceSource(line.tariff_id, line.tariff_version, component.element_no, component.dimension)
    return None
