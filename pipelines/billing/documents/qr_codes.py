"""Payment codes as SVG: EPC QR codes for SEPA credit transfers, UPI links."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import segno
from segno import helpers

from pipelines.billing.documents import upi
from pipelines.billing.documents.model import ZERO, Document

# EPC069-12, "Quick Response Code: guidelines to enable data capture for the initiation of a SEPA credit transfer".
_NAME_LENGTH, _GREATEST = 70, Decimal("999999999.99")


def payment_code(document: Document) -> str:
    """SVG of the code that pays the amount due of an invoice; empty where none fits, as on a draft without number."""
    if (document.form, document.kind) != ("invoice", "invoice") or document.totals.due <= ZERO or not document.number:
        return ""
    if document.payment.means == "bank_transfer" and document.currency == "EUR" and document.payment.iban:
        return _epc(document)
    if document.payment.means == "upi":
        return _svg(segno.make(upi_link(document), error="m"))
    return ""


def upi_link(document: Document) -> str:
    """The UPI link for the amount due of an invoice."""
    return upi.link(
        vpa=document.payment.upi_vpa,
        name=document.seller.name,
        amount=document.totals.due,
        reference=document.payment.reference or document.number,
        note=document.number,
    )


def _epc(document: Document) -> str:
    payment, due = document.payment, document.totals.due
    if due > _GREATEST:
        return ""
    name = (payment.account_name or document.seller.name)[:_NAME_LENGTH]
    text = payment.reference or document.number
    code = helpers.make_epc_qr(name=name, iban=payment.iban, amount=due, bic=payment.bic or None, text=text, encoding=1)
    return _svg(code)


def _svg(code: segno.QRCode) -> str:
    written = BytesIO()
    code.save(written, kind="svg", border=0, xmldecl=False, omitsize=True, nl=False)
    return written.getvalue().decode()
