"""From drafts to documents: numbers without gaps, invoices, and credit notes where late data change what was issued.

`drafts` reads what is to be issued, `parties` who owes it to whom, `compose` makes a document of it (pure), `register`
gives the number and keeps the document in one transaction of the state database, `issued_cdrs` keeps the CDRs that
left the house with what their meters signed (`signed_data`), and `issue` puts these together.
Decision 0025 says why they stand in this order.
"""
