"""A statement told in a few lines of text, for a terminal."""

from __future__ import annotations

from pipelines.billing.documents import formats
from pipelines.billing.documents.model import Document
from pipelines.billing.documents.page import heading


def told(document: Document) -> str:
    """Number, parties, lines, VAT and total of a statement, in its language."""
    language, currency = document.language, document.currency

    def row(label: str, amount: str) -> str:
        return f"{label:<60} {amount:>14}"

    lines = [
        f"{heading(document)} {document.number}, {formats.day(document.issue_date, language)}",
        f"{document.buyer.name} → {document.seller.name}, "
        f"{formats.period(document.period_from, document.period_to, language)}",
        "",
    ]
    for line in document.lines:
        lines.append(row(f"{line.site}: {line.description}", formats.amount(line.amount_excl_tax, currency, language)))
        lines += [f"  {line.detail}"] if line.detail else []
    for tax in document.taxes:
        rate = formats.percent(tax.percent, language) if tax.name else "–"
        label = f"{tax.name or 'VAT'} {rate}"
        lines.append(row(label, formats.amount(tax.amount, currency, language)))
    lines.append(row("", formats.money(document.totals.incl_tax, currency, language)))
    lines += ["", *document.notes] if document.notes else []
    return "\n".join(lines).replace("\u00a0", " ")
