"""Card money and the ledger: what `payments/` takes and gives back, told to the `ledger/` as movements on documents.

`booking.py` writes the movements, and keeps what the ledger cannot take yet; `methods.py` are the stored methods of
contracts; `collecting.py` charges invoices with them, `pages.py` makes the page where a customer pays an invoice;
`worklist.py` says what waits for a person.
"""
