"""What holds for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Hypothesis fails an example that takes longer than 0.2 s, or data that come slowly. On a busy machine that says
# nothing of the code: times are reported, never judged.
settings.register_profile("kwhouse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kwhouse")
