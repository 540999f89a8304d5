"""The resource of all assets: the open lake, and what this run is to do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import dagster as dg

from pipelines.stages import StageResult
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake
from warehouse.store.landing import Registered

# Tag of runs that compute everything anew.
FULL = "kwhouse/full"
# Tag of runs that write the lake: dagster.yaml lets one of them run at a time.
WRITES = "kwhouse/writes"


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


@dg.resource(description="The lake of KWHOUSE_HOME, opened once a run")
def workspace(context: dg.InitResourceContext) -> Iterator[Workspace]:
    run = context.run
    with open_lake(load_settings()) as lake:
        yield Workspace(lake, full=run is not None and run.tags.get(FULL) == "true")


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(resources={"workspace": workspace})
