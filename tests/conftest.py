"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Hypothesis fails an example that takes longer than 0.2 s, or data that come slowly. On a busy machine that says
# nothing of the code: times are reported, never judged.
settings.register_profile("kwhouse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kwhouse")

# Beside other workers each keeps to a core of its own: with small data, DuckDB's threads mostly wait for each other and
# a statement costs twice the CPU. What may not depend on threads (the order of rows) is tested with several all the
# same: those tests say so. Alone, as in benchmarks, the default holds.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("KWHOUSE_DUCKDB_THREADS", "1")
