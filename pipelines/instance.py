"""Dagster's own home: run history and the state of schedules, under `home/dagster`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from warehouse.settings import Settings
from warehouse.store.lock import file_lock

if TYPE_CHECKING:
    import dagster as dg

DAGSTER_YAML = """\
# Written by kwhouse, and again when it is missing.
telemetry:
  enabled: false
nux:
  enabled: false
# Runs print nothing; capturing would redirect the whole process's output, progress bars included.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
# The lake has one writer at a time.
concurrency:
  runs:
    tag_concurrency_limits:
      - key: kwhouse/writes
        limit: 1
"""


def prepare_home(settings: Settings) -> None:
    """Make DAGSTER_HOME with its databases and `dagster.yaml`; nothing where they are.

    Under a lock and with the file renamed in last: two first runs at once would both try to make the databases.
    """
    home = settings.dagster_home
    if (home / "dagster.yaml").exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    with file_lock(settings.home / "dagster.lock", patience_seconds=60.0):
        if (home / "dagster.yaml").exists():
            return
        import dagster as dg

        draft = home / "draft.yaml"
        draft.write_text(DAGSTER_YAML, encoding="utf-8")
        with dg.DagsterInstance.from_config(str(home), draft.name) as instance:
            instance.get_runs(limit=1)
        draft.rename(home / "dagster.yaml")


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance of `settings.home`, whatever DAGSTER_HOME says."""
    import dagster as dg

    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        yield instance
