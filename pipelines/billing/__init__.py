"""Billing: OCPI tariffs, sessions priced into CDRs, drafts, documents, payments, closed months, owners' statements.

A session walks through these rooms in this order: `tariffs/` (OCPI objects as values; `checking/` finds what is wrong
with them), `rating/` (the engine), `pricing/` (CDRs of the warehouse), `drafts/` (invoices as they would be issued
now), `documents/` (an invoice as a document), `issuing/` (numbers, credit notes, mail), `ledger/`, `bank/` and
`payments/` (who owes what, files from and to banks, payment providers), `cards/` (card money in the ledger), `closing/`
(months). `owners/` and `revenue/` sum up what is billed, `explaining/` tells a price in words, `commands/` are the
command lines, `stages.py` lists the stages.
"""
