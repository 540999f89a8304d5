"""A site's grid limit, shared among the sessions that go on there.

`shares.py` says how much each may take, `plan.py` which limits to send to stations, and in which order, so that
the limit holds at every moment; both are pure. `balancer.py` does it every few seconds on the state database.
"""
