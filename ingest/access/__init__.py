"""Which stations may connect, and who may charge: decided in memory, within a fraction of a millisecond.

`known.py` is what the registry says, as values; `rules.py` decides by it (pure: no clock, no database). `active.py`
counts sessions that go on, and `sharing.py` tells other collectors of them. `directory.py` reads the state database,
and later only what has changed. `gate.py` keeps it all fresh and is what the collector asks.
"""
