"""The resource of all assets: the open lake, and what this run is to do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dagster as dg

from pipelines.stages import StageResult
from warehouse.settings import Settings, load_settings
from warehouse.store import Lake, open_lake
from warehouse.store.landing import Registered
from warehouse.store.lock import file_lock
from warehouse.store.watermarks import settle

# Tag of runs that compute everything anew.
FULL = "kwhouse/full"
# Tag of runs that write the lake: dagster.yaml lets one of them run at a time.
WRITES = "kwhouse/writes"
# Runs of other processes end within this time, even a full rebuild of a large network.
PATIENCE_SECONDS = 3600.0


@dataclass(slots=True)
class Workspace:
    """The lake of one run, and what its steps did. `heard` is told of each step's result as it comes."""

    lake: Lake
    full: bool = False
    heard: Callable[[StageResult], None] | None = None
    results: list[StageResult] = field(default_factory=list)
    registered: Registered | None = None

    def note(self, result: StageResult) -> None:
        self.results.append(result)
        if self.heard is not None:
            self.heard(result)


@contextmanager
def one_at_a_time(settings: Settings) -> Iterator[None]:
    """Runs that write the lake wait for each other, whichever process started them."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with file_lock(settings.home / "refresh.lock", PATIENCE_SECONDS):
        yield


@dg.resource(description="The lake of KWHOUSE_HOME, opened once a run")
def workspace(context: dg.InitResourceContext) -> Iterator[Workspace]:
    settings = load_settings()
    tags = context.run.tags if context.run is not None else {}
    with ExitStack() as stack:
        if WRITES in tags:
            stack.enter_context(one_at_a_time(settings))
        lake = stack.enter_context(open_lake(settings))
        yield Workspace(lake, full=tags.get(FULL) == "true")
        # Dagster ends a resource so after a step that failed, too. What is thrown away unfinished writes nothing more.
        settle(lake)


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(resources={"workspace": workspace})
