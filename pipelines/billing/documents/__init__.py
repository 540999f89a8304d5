"""Invoices and credit notes as documents: checked, stored, rendered, sent. Values in, bytes out.

Belongs here: the document's model and its checks, its PDF, its structured forms (EN 16931 as CII and UBL), the e-mail
that carries it. Does not: which sessions are billed, numbers of series, what was issued or paid; those who issue hand
finished values in.

    model       what a document is, its taxes and totals
    check       what stands in the way of issuing it
    stored      JSON, byte for byte the same for the same document
    pdf         PDF/A-3 with the structured invoice inside (Factur-X)
    en16931     Cross Industry Invoice
    ubl         UBL 2.1 Invoice and CreditNote
    gst, upi    India: taxes by state, payment links
    mail, smtp  a message with PDF and XML, handed to a mail server
"""
