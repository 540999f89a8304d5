"""What stands on the printed page: every text and number of a document, ready formatted, for the template to place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pycountry

from pipelines.billing.documents import formats, gst
from pipelines.billing.documents.model import ZERO, Document, Language, Line, Party, TaxTotal, half_up, total
from pipelines.billing.documents.qr_codes import payment_code
from pipelines.billing.documents.structured import exemption_of
from pipelines.billing.documents.texts import TEXTS
from warehouse.money import MINOR_UNITS

# Countries that write the post code after the city.
_CODE_LAST = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US"})
_LONG_RUN = re.compile(r"[^\s@]{22,}")
_ZERO_WIDTH_SPACE = "\u200b"


def draft_page_of(document: Document) -> dict[str, Any]:
    """The page of a document that has no number yet: it says so, and asks for no money."""
    texts, page = TEXTS[document.language], page_of(document)
    page["statement"] = " ".join(text for text in (texts["draft_note"], page["statement"]) if text)
    page["payment"] |= {"text": texts["draft_note"], "terms": "", "facts": []}
    return page | {"number": f"({texts['draft']})", "draft": texts["draft"]}


def page_of(document: Document) -> dict[str, Any]:
    """JSON-ready values for `invoice.typ`. The document must have passed `check`."""
    texts = TEXTS[document.language]
    return {
        "draft": "",
        "language": document.language,
        "texts": texts,
        "heading": heading(document),
        "number": document.number,
        "seller": {
            "name": document.writer.name,
            "sender": " · ".join([document.writer.name, *_address(document.writer, "")[:2]]),
            "columns": _footer(document),
        },
        "buyer": [breakable(text) for text in _reader(document)],
        "facts": [(label, breakable(value)) for label, value in _facts(document)],
        "statement": _statement(document),
        "with_sac": any(line.sac_code for line in document.lines),
        "tax_label": texts["gst" if _is_indian(document) else "tax"],
        "groups": _aligned(_groups(document), document.language),
        "currency": document.currency,
        "sums": list(_sums(document)),
        "payment": _payment(document),
        "notes": [breakable(note) for note in document.notes],
        "small": list(_small_print(document)),
    }


def heading(document: Document) -> str:
    """What the document calls itself."""
    if document.kind == "invoice" and _is_indian(document):
        return TEXTS[document.language]["tax_invoice"]
    return TEXTS[document.language][text_key(document)]


def text_key(document: Document) -> str:
    """What form and kind are called in `TEXTS`."""
    return document.kind if document.form == "invoice" else f"{document.form}_{document.kind}"


def _is_indian(document: Document) -> bool:
    return document.seller.country_code == "IN" and document.form != "statement"


def _address(party: Party, from_country: str) -> list[str]:
    """Address lines below the name, the country only where it is another than `from_country` and that is known."""
    place = [party.post_code, party.city]
    if party.country_code in _CODE_LAST:
        place.reverse()
    lines = [party.street, " ".join(place).strip()]
    if party.country_code == "IN":
        lines.append(gst.STATES.get(party.state_code, ""))
    if from_country and party.country_code != from_country:
        lines.append(_country(party.country_code))
    return [line for line in lines if line]


def _reader(document: Document) -> list[str]:
    return [document.reader.name, *_address(document.reader, document.writer.country_code)]


def _country(code: str) -> str:
    """The country as the last line of an address: in capitals and English, which every post office reads (UPU S42)."""
    country = pycountry.countries.get(alpha_2=code)
    return code if country is None else str(getattr(country, "common_name", country.name)).upper()


def _footer(document: Document) -> list[list[str]]:
    writer, texts = document.writer, TEXTS[document.language]
    identity = []
    if writer.vat_id:
        identity.append(f"{texts['gstin' if writer.country_code == 'IN' else 'vat_id']} {writer.vat_id}")
    elif writer.tax_number:
        identity.append(f"{texts['tax_number']} {writer.tax_number}")
    if writer.legal_note or writer.legal_id:
        identity.extend((writer.legal_note or writer.legal_id).split(" · "))
    columns = [[writer.name, *_address(writer, "")], [writer.email, writer.phone.replace(" ", "\u00a0")], identity]
    return [[text for text in column if text] for column in columns]


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    texts, language = TEXTS[document.language], document.language
    yield texts["number"], document.number or texts["draft"]
    yield texts["issue_date"], formats.day(document.issue_date, language)
    yield texts["period"], formats.period(document.period_from, document.period_to, language)
    if document.due_date is not None and document.totals.due > ZERO:
        yield texts["due_date"], formats.day(document.due_date, language)
    if document.buyer_reference:
        yield texts["buyer_reference"], document.buyer_reference
    if document.contract_id:
        yield texts["contract"], document.contract_id
    if document.reader.vat_id:
        is_gstin = document.seller.country_code == "IN"
        yield texts["buyer_gstin" if is_gstin else "buyer_vat_id"], document.reader.vat_id
    if _is_indian(document):
        yield texts["place_of_supply"], f"{gst.STATES[document.place_of_supply]} ({document.place_of_supply})"
        yield texts["reverse_charge"], texts["yes" if document.lines[0].tax_category == "AE" else "no"]


def _statement(document: Document) -> str:
    if document.corrects is None:
        return ""
    return TEXTS[document.language]["corrects" if document.form == "invoice" else "takes_back"].format(
        number=document.corrects.number, date=formats.day(document.corrects.issue_date, document.language)
    )


def _groups(document: Document) -> list[dict[str, Any]]:
    """Lines by cost centre where they have several, else by site where they have several, else as they are."""
    texts = TEXTS[document.language]
    by_cost_centre = len({line.cost_centre for line in document.lines}) > 1
    by_site = len({line.site for line in document.lines}) > 1
    grouped: dict[str, list[Line]] = {}
    for line in document.lines:
        name = line.cost_centre if by_cost_centre else line.site if by_site else ""
        grouped.setdefault(name, []).append(line)
    groups = []
    for name, lines in grouped.items():
        label = name or texts["no_group"]
        if by_cost_centre and name:
            label = texts["cost_centre"].format(name=name)
        subtotal = total(line.amount_excl_tax for line in lines)
        groups.append(
            {
                "name": label if by_cost_centre or by_site else "",
                "rows": [_row(line, document, with_site=not by_site or by_cost_centre) for line in lines],
                "subtotal_label": texts["subtotal"].format(name=label),
                "subtotal": formats.amount(subtotal, document.currency, document.language),
            }
        )
    return groups


def _aligned(groups: list[dict[str, Any]], language: Language) -> list[dict[str, Any]]:
    """Rows with what quantities and prices lack at the end for their decimal marks to stand below each other."""
    mark = formats.decimal_mark(language)
    for column in ("quantity", "price"):
        rows = [row for group in groups for row in group["rows"]]
        decimals = [len(row[column].partition(mark)[2]) for row in rows]
        for row, has in zip(rows, decimals, strict=True):
            lacks = max(decimals) - has
            row[f"{column}_pad"] = (mark if lacks and not has else "") + "0" * lacks
    return groups


def _row(line: Line, document: Document, *, with_site: bool) -> dict[str, str]:
    language, texts = document.language, TEXTS[document.language]
    price = formats.price(line.unit_price, document.currency, language)
    detail = "\u00a0· ".join(text for text in (line.site if with_site else "", line.detail) if text)
    return {
        "line_no": str(line.line_no),
        "description": breakable(line.description),
        "detail": breakable(detail),
        "sac": line.sac_code,
        "quantity": formats.quantity(line.quantity, line.unit, language),
        "unit": texts.get(f"unit_{line.unit}", line.unit),
        "price": price,
        "tax": _tax_of(line, document),
        "amount": formats.amount(line.amount_excl_tax, document.currency, language),
    }


def _tax_of(line: Line, document: Document) -> str:
    if not line.taxes:
        return "–"
    return formats.percent(total(tax.percent for tax in line.taxes), document.language)


def _sums(document: Document) -> Iterator[dict[str, str]]:
    """Rows of the block of totals: its style, label, and amount."""
    texts, totals = TEXTS[document.language], document.totals

    def row(style: str, label: str, value: Decimal) -> dict[str, str]:
        signed = formats.money if style in ("total", "due") else formats.amount
        return {"style": style, "label": label, "amount": signed(value, document.currency, document.language)}

    yield row("plain", texts["excl_tax"], totals.excl_tax)
    for tax in document.taxes:
        yield row("plain", _tax_label(tax, document), tax.amount)
    adjusted = totals.paid or totals.rounding
    last = texts["due" if totals.due > ZERO else "settled"]
    if document.form != "invoice":
        last = texts["taken_back" if document.kind == "credit_note" else "paid_out"]
    elif document.kind == "credit_note":
        last = texts["credited"]
    if adjusted or totals.due <= ZERO:
        yield row("total", texts["incl_tax"], totals.incl_tax)
    if totals.paid:
        yield row("plain", texts["paid"], -totals.paid)
    if totals.rounding:
        yield row("plain", texts["rounding"], totals.rounding)
    yield row("due", last, totals.due)


def _tax_label(tax: TaxTotal, document: Document) -> str:
    texts, language = TEXTS[document.language], document.language
    basis = formats.amount(tax.basis, document.currency, language)
    if tax.category in ("O", "E", "AE"):
        return texts["exempt_total"].format(name=_printed(tax.name or "VAT", texts), basis=basis)
    return texts["tax_total"].format(
        name=_printed(tax.name, texts), percent=formats.percent(tax.percent, language), basis=basis
    )


def _printed(name: str, texts: dict[str, str]) -> str:
    """VAT bears its name in the document's language; a name that a country gave its tax stays."""
    return texts["tax"] if name == "VAT" else name


def _payment(document: Document) -> dict[str, Any]:
    texts, language, payment, due = TEXTS[document.language], document.language, document.payment, document.totals.due
    facts: list[tuple[str, str]] = []
    values = {
        "amount": formats.money(abs(due), document.currency, language),
        "date": formats.day(document.due_date or document.issue_date, language),
        "last4": payment.card_last4,
    }
    code = payment_code(document)
    if document.form != "invoice":
        text = texts["set_off" if document.kind == "credit_note" else "we_transfer"]
        facts = _transfer_facts(document)
    elif document.kind == "credit_note":
        text = texts["refund"]
    elif payment.means in ("card", "prepaid") and due <= ZERO:
        text = texts["paid_card_number" if payment.card_last4 else f"paid_{payment.means}"]
    elif due <= ZERO:
        text = texts["nothing_due"]
    elif payment.means == "sepa_direct_debit":
        text, facts = texts["debit"], _debit_facts(document)
    elif payment.means == "upi":
        text, facts = texts["pay_upi"], _upi_facts(document)
    else:
        text, facts = texts["pay_by"], _transfer_facts(document)
    return {
        "text": text.format(**values),
        "terms": breakable(payment.terms),
        "facts": [(label, breakable(value)) for label, value in facts],
        "code": code,
        "caption": texts["scan_upi" if payment.means == "upi" else "scan_epc"],
    }


def _transfer_facts(document: Document) -> list[tuple[str, str]]:
    texts, payment = TEXTS[document.language], document.payment
    facts = [
        (texts["transfer_to"], payment.account_name or document.seller.name),
        (texts["iban"], _spaced(payment.iban)),
        (texts["bic"], payment.bic),
        (texts["reference"], payment.reference or document.number),
    ]
    return [(label, value) for label, value in facts if value]


def _upi_facts(document: Document) -> list[tuple[str, str]]:
    texts, payment = TEXTS[document.language], document.payment
    return [
        (texts["transfer_to"], document.seller.name),
        (texts["upi"], payment.upi_vpa),
        (texts["reference"], payment.reference or document.number),
    ]


def _debit_facts(document: Document) -> list[tuple[str, str]]:
    texts, payment = TEXTS[document.language], document.payment
    iban = payment.debtor_iban
    return [
        # Enough for the owner to know the account by, too little for a finder to use.
        (texts["debited_account"], f"{iban[:2]}\u00a0…\u00a0{iban[-4:]}"),
        (texts["mandate"], payment.mandate_id),
        (texts["creditor"], payment.creditor_id),
        (texts["reference"], payment.reference or document.number),
    ]


def _small_print(document: Document) -> Iterator[str]:
    texts = TEXTS[document.language]
    for tax in document.taxes:
        reason, _ = exemption_of(document, tax)
        if reason:
            yield reason
    if document.form != "invoice":
        yield texts[f"{document.form}_note"]
    minor = half_up(Decimal(1).scaleb(-MINOR_UNITS[document.currency]), document.currency)
    yield texts["rounding_note"].format(minor=formats.money(minor, document.currency, document.language))
    if _is_indian(document):
        yield texts["electronic"]
    if document.snapshot_id is not None:
        yield texts["snapshot"].format(snapshot=document.snapshot_id)


def _spaced(iban: str) -> str:
    return "\u00a0".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def breakable(text: str) -> str:
    """`text` with places to break in runs too long for a column (station ids, links)."""
    return _LONG_RUN.sub(lambda run: re.sub(r"(.{8})(?=.)", rf"\1{_ZERO_WIDTH_SPACE}", run.group()), text)
