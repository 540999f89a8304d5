"""What holds for all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
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

_MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def _main_is_still_ours() -> Iterator[None]:
    """Streamlit puts each page it runs in place of `__main__` and leaves it there: a process that is spawned later
    would begin by running that page."""
    sys.modules["__main__"] = _MAIN
    yield
    sys.modules["__main__"] = _MAIN
