"""Commands to stations: `queue.py` takes them from the state database, `delivery.py` has them carried out by the
stations that are connected here, `line.py` makes the calls of one connection.

What a command is in each OCPP version stands in `ingest/ocpp/calls.py`.
"""
