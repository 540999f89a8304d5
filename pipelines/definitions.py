"""Dagster's entry point: `dagster dev -m pipelines.definitions` finds all that stands in `pipelines/defs/`."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Assets, checks, jobs, sensor and schedules."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
