"""From frames to sessions.

`frames` and `readings` read the frames (append-only, one row a fact); `sessions` makes sessions of them and lays their
energy out in time; `connector_states` says what each connector was doing when.
Each stage is a Python module that says what is touched, and SQL files that say what follows.
"""
