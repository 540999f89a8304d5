"""A charge that is begun on a phone: money is held (or a contract pays), the station is told, the session is found.

`model.py` decides what comes next (pure), `records.py` keeps the rows of `access.starts`, `flow.py` takes the steps,
`finding.py` finds the session of a start in the lake. `place.py`, `prices.py` and `showing.py` are what the pages show.
"""
