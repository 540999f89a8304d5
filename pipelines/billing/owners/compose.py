"""What is due made into a document. Pure: what is missing is found by `documents.check`."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipelines.billing.documents import formats
from pipelines.billing.documents.model import Document, Language, Line, Tax, arranged, totalled
from pipelines.billing.owners.dues import Agreement, Due
from pipelines.billing.owners.parties import Terms
from warehouse.errors import InputError

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "share": "Share of the charging revenue, {percent}",
        "basis": "of {revenue} billed before VAT",
        "session": "session",
        "sessions": "sessions",
        "rent": "Rent",
        "days": "{days} of {of} days of {amount} a month",
        "replaces": "Takes the place of {number}.",
    },
    "de": {
        "share": "Anteil am Ladeumsatz, {percent}",
        "basis": "von {revenue} netto",
        "session": "Ladevorgang",
        "sessions": "Ladevorgänge",
        "rent": "Miete",
        "days": "{days} von {of} Tagen zu {amount} im Monat",
        "replaces": "Tritt an die Stelle von {number}.",
    },
}
_ONE = Decimal(1)


class NotSelfBilled(InputError):
    """An owner whose invoices the operator may not write. `owner_id` is he."""

    def __init__(self, owner_id: str, why: str) -> None:
        super().__init__(
            f"Owner {owner_id} has invoicing self_billed, but {why}. Correct the owner or the agreement, or leave "
            "invoicing out: then he gets a statement and writes his invoice himself."
        )
        self.owner_id = owner_id


def compose(due: Due, terms: Terms, *, number: str, series: str, issue_date: date, snapshot: int) -> Document:
    """The statement that `due` becomes. Raises `NotSelfBilled`."""
    if terms.form == "self_billed":
        _require_taxed(due, terms)
    lines = [line for agreement in due.agreements for line in _lines(agreement, due.currency, terms)]
    contracts = {agreement.owner_contract_id for agreement in due.agreements}
    document = Document(
        kind="invoice",
        form=terms.form,
        number=number,
        series=series,
        issue_date=issue_date,
        due_date=issue_date + timedelta(days=terms.payment_days),
        currency=due.currency,
        period_from=due.month,
        period_to=due.month.replace(day=calendar.monthrange(due.month.year, due.month.month)[1]),
        seller=terms.owner,
        buyer=terms.operator,
        lines=arranged(lines),
        payment=terms.payment,
        language=terms.language,
        notes=(_WORDS[terms.language]["replaces"].format(number=due.standing),) if due.standing else (),
        contract_id=contracts.pop() if len(contracts) == 1 else "",
        exemption_reason=terms.vat_exemption if any(line.tax_category == "E" for line in lines) else "",
        snapshot_id=snapshot,
    )
    return totalled(document)


def _require_taxed(due: Due, terms: Terms) -> None:
    # India: a registered supplier writes his own tax invoice; rule 47A leaves the recipient only reverse charge.
    if terms.owner.country_code == "IN":
        raise NotSelfBilled(due.owner_id, "under Indian GST he writes his invoices himself")
    for agreement in due.agreements:
        if agreement.vat_percent is None and not terms.vat_exemption:
            raise NotSelfBilled(
                due.owner_id,
                f"agreement {agreement.owner_contract_id} has no vat_percent and the owner no vat_exemption "
                "(a law such as § 4 Nr. 12 UStG), so it is not known which VAT holds",
            )


def _lines(agreement: Agreement, currency: str, terms: Terms) -> Iterator[Line]:
    words, language = _WORDS[terms.language], terms.language
    if agreement.share_percent > 0:
        description = words["share"].format(percent=formats.percent(agreement.share_percent, language))
        yield _line(agreement, agreement.share, description, _revenue(agreement, currency, language), terms)
    if agreement.rent > 0:
        yield _line(agreement, agreement.rent, words["rent"], _days(agreement, currency, language), terms)


def _line(agreement: Agreement, amount: Decimal, description: str, detail: str, terms: Terms) -> Line:
    made = Line(
        line_no=1,  # numbered when they are in order
        description=description,
        detail=detail,
        quantity=_ONE,
        unit="month",
        unit_price=amount,
        amount_excl_tax=amount,
        taxes=(),
        tax_category="O",
        site=agreement.site,
    )
    return replace(made, **_taxes(agreement.vat_percent, terms))


def _taxes(percent: Decimal | None, terms: Terms) -> dict[str, Any]:
    name = "GST" if terms.owner.country_code == "IN" else "VAT"
    if percent is not None:
        return {"taxes": (Tax(name, percent),), "tax_category": "S" if percent > 0 else "Z"}
    if terms.vat_exemption:
        return {"taxes": (Tax(name, Decimal(0)),), "tax_category": "E"}
    return {"taxes": (), "tax_category": "O"}


def _revenue(agreement: Agreement, currency: str, language: Language) -> str:
    words = _WORDS[language]
    counted = words["session" if agreement.sessions == 1 else "sessions"]
    return " · ".join(
        (
            words["basis"].format(revenue=formats.money(agreement.revenue_excl_vat, currency, language)),
            f"{formats.number(Decimal(agreement.sessions), 0, language)} {counted}",
            f"{formats.number(agreement.energy_wh.scaleb(-3), 3, language)} kWh",
        )
    )


def _days(agreement: Agreement, currency: str, language: Language) -> str:
    if agreement.rent_per_month is None or agreement.rent_days == agreement.days_of_month:
        return ""
    amount = formats.money(agreement.rent_per_month, currency, language)
    return _WORDS[language]["days"].format(days=agreement.rent_days, of=agreement.days_of_month, amount=amount)
