"""The bank: SEPA direct debits (pain.008) and transfers (pain.001) out, statements (camt.053) in, and their matching.

`iban.py`, `sepa_text.py` and `target.py` check what banks check; `pain008.py`, `pain001.py`, `camt053.py` and
`matching.py` are pure; `collecting.py` and `importing.py` use the state database.
"""
