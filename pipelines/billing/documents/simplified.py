"""Up to which amount an invoice may leave out who the buyer is (a simplified invoice), by the seller's country.

Sources: Directive 2006/112/EC, Article 220a (1) (a): 100 EUR, which member states may raise to 400 EUR; Germany § 33
UStDV; Austria § 11 (6) UStG 1994; Czechia § 30 zákon č. 235/2004 Sb.; United Kingdom, VAT Regulations 1995, regulation
16; Switzerland, Art. 57 MWSTV; India, CGST Rules 2017, rule 46 (e) and (f): a supply below 50,000 rupees to somebody
who is not registered. Elsewhere no limit is known to us, and none is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.billing.documents.faults import Fault
from pipelines.billing.documents.identifiers import EU
from pipelines.billing.documents.model import Document


@dataclass(frozen=True, slots=True)
class Limit:
    """The greatest amount of a simplified invoice; with tax unless `before_tax`."""

    currency: str
    amount: Decimal
    law: str
    before_tax: bool = False


LIMITS = {
    "AT": Limit("EUR", Decimal(400), "§ 11 (6) UStG"),
    "CH": Limit("CHF", Decimal(400), "Art. 57 MWSTV"),
    "CZ": Limit("CZK", Decimal(10_000), "§ 30 zákon o DPH"),
    "DE": Limit("EUR", Decimal(250), "§ 33 UStDV"),
    "GB": Limit("GBP", Decimal(250), "VAT Regulations 1995, regulation 16"),
    "IN": Limit("INR", Decimal("49999.99"), "CGST Rules 2017, rule 46", before_tax=True),
}
_EUROPEAN = Limit("EUR", Decimal(100), "Directive 2006/112/EC, Article 220a")
_MEND = "Name who buys, with an address: `kwhouse invoice buyer SESSION DRIVER`"


def limit_of(country_code: str) -> Limit | None:
    """The limit of a seller's country; None: none is known."""
    return LIMITS.get(country_code) or (_EUROPEAN if country_code in EU else None)


def faults(document: Document) -> Iterator[Fault]:
    """Why a simplified invoice has to name its buyer after all."""
    limit = limit_of(document.seller.country_code)
    if not document.simplified or limit is None:
        return
    amount = document.totals.excl_tax if limit.before_tax else document.totals.incl_tax
    if document.currency != limit.currency:
        told = f"the limit for invoices without it is {limit.amount} {limit.currency}, and none is known in"
        yield Fault("buyer", f"is not named; {told} {document.currency} ({limit.law})", _MEND)
    elif amount > limit.amount:
        told = f"{limit.amount} {limit.currency} is the most for an invoice without it"
        yield Fault("buyer", f"is not named; {told} ({limit.law})", _MEND)
