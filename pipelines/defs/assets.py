"""One multi-asset a stage: its tables, made from the tables it follows."""

# No postponed annotations here: Dagster reads the type of `context` at import.

import time
from collections.abc import Iterator, Sequence

import dagster as dg

from pipelines.catalog import STAGES
from pipelines.defs.metadata import key, spec, written
from pipelines.defs.workspace import Workspace
from pipelines.registry_history import record_registry
from pipelines.stages import Stage, StageResult, run_stage
from warehouse.contract import Table, ops, raw
from warehouse.contract.registry import TRACKED
from warehouse.store.landing import register_landed

LANDED = (*raw.TABLES, ops.LANDED_FILES)


@dg.multi_asset(name="landed", specs=[spec(table) for table in LANDED], required_resource_keys={"workspace"})
def landed(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Take in the files that collectors have landed; unreadable ones are set aside and reported."""
    space: Workspace = context.resources.workspace
    started = time.perf_counter()
    space.registered = register_landed(space.lake)
    for name, reason in space.registered.set_aside.items():
        context.log.warning(f"Set aside {name}: {reason}")
    result = StageResult("landed", None, time.perf_counter() - started, _rows_landed(space))
    space.note(result)
    yield from _materialized(space, LANDED, result)


def _rows_landed(space: Workspace) -> dict[str, int]:
    # Files are registered, not read: how many rows they hold is asked of the snapshot that took them in.
    rows: dict[str, int] = {}
    snapshot = space.lake.snapshot()
    for name in space.registered.files if space.registered else ():
        query = f"SELECT count(*) FROM ducklake_table_insertions('lake', 'raw', '{name}', {snapshot}, {snapshot})"  # noqa: S608
        count = space.lake.con.execute(query).fetchone()
        rows[f"raw.{name}"] = int(count[0]) if count else 0
    return rows


@dg.multi_asset(
    name="registry_history",
    specs=[spec(ops.REGISTRY_HISTORY, inputs=TRACKED)],
    required_resource_keys={"workspace"},
)
def registry_history(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Carry what people changed in the registry into the lake."""
    space: Workspace = context.resources.workspace
    result = record_registry(space.lake)
    space.note(result)
    yield from _materialized(space, (ops.REGISTRY_HISTORY,), result)


def _stage_asset(stage: Stage) -> dg.AssetsDefinition:
    outputs = tuple(table for table in stage.outputs if table is not ops.FAULTS)

    @dg.multi_asset(
        name=stage.name,
        specs=[spec(table, inputs=stage.inputs) for table in outputs],
        required_resource_keys={"workspace"},
        description=stage.compute.__doc__,
    )
    def run(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        space: Workspace = context.resources.workspace
        result = run_stage(space.lake, stage, full=space.full)
        space.note(result)
        yield from _materialized(space, outputs, result)

    return run


def _materialized(
    space: Workspace, tables: Sequence[Table], result: StageResult
) -> Iterator[dg.MaterializeResult[None]]:
    for table in tables:
        yield dg.MaterializeResult(asset_key=key(table), metadata=written(space.lake, table, result))


def all_assets() -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Everything a refresh makes, and the tables it follows that people or several stages write."""
    written_by_many = spec(
        ops.FAULTS, inputs=tuple(stage.outputs[0] for stage in STAGES if ops.FAULTS in stage.outputs)
    )
    return [
        landed,
        registry_history,
        *(_stage_asset(stage) for stage in STAGES),
        *(spec(table) for table in TRACKED),
        written_by_many,
    ]


@dg.definitions
def assets() -> dg.Definitions:
    return dg.Definitions(assets=all_assets())
