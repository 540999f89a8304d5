"""Billing: OCPI tariffs, sessions priced into CDRs, drafts, documents, payments, closed months, owners' statements.

`tariffs.py` reads OCPI objects, `cutting.py` and `rate.py` price usage, `proration.py` shares monthly amounts by the
day, `owners.py` says what site owners are paid; `stages.py` lists the stages. What has a folder: `documents/` (an
invoice as a document), `issuing/` (numbers, credit notes, mail), `ledger/` and `bank/` (who owes what, files from and
to banks), `payments/` (card payments), `closing/` (months).
"""
