"""Who owes what: payments, what each of them pays, prepaid balances, dunning.

`model.py` has the words, `balance.py` the sums and their check, `posting.py` makes new movements, `dunning.py` the
steps after a due date. All of these are pure; `store.py` reads and writes the state database.
"""
