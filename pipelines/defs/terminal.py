"""What of a run's events the terminal hears: by default all. Dagster's pages show all of them in any case."""

from __future__ import annotations


def hears(level: str) -> dict[str, object]:
    """Run configuration by which only events of at least `level` (DEBUG … CRITICAL) are printed."""
    return {"loggers": {"console": {"config": {"log_level": level}}}}
