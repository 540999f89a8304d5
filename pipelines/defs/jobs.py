"""Jobs: `refresh` for what is new, `rebuild` for everything, `checks` of all tables, `maintenance` of the lake."""

import dagster as dg

from pipelines.defs.terminal import hears
from pipelines.defs.workspace import FULL, WRITES, Workspace

TABLES = dg.AssetSelection.all() - dg.AssetSelection.all_asset_checks()

FAILURES = hears("ERROR")

refresh = dg.define_asset_job(
    "refresh",
    TABLES,
    description="Take in landed files and bring every table up to date.",
    executor_def=dg.in_process_executor,
    tags={WRITES: "true"},
    config=FAILURES,
)

rebuild = dg.define_asset_job(
    "rebuild",
    TABLES,
    description="Make every table anew from the raw frames and the registry.",
    executor_def=dg.in_process_executor,
    tags={WRITES: "true", FULL: "true"},
    config=FAILURES,
)

checks = dg.define_asset_job(
    "checks",
    dg.AssetSelection.all_asset_checks(),
    description="Check every table: keys, NULLs, allowed values, types, and that energy is conserved between them.",
    executor_def=dg.in_process_executor,
    config=FAILURES,
)


@dg.op(required_resource_keys={"workspace"}, description="Merge files, expire snapshots, delete what nobody refers to.")
def tidy(context: dg.OpExecutionContext) -> None:
    from pipelines.catalog import STAGES
    from pipelines.maintenance import maintain

    space: Workspace = context.resources.workspace
    expired = maintain(space.lake, [stage.name for stage in STAGES])
    context.log.info(f"Expired {expired} snapshots")


@dg.job(
    tags={WRITES: "true"},
    executor_def=dg.in_process_executor,
    config=FAILURES,
    description="Keep the lake small and tidy.",
)
def maintenance() -> None:
    tidy()


def run_in_process(name: str, space: Workspace, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Run one of the asset jobs here, over a lake that is open already.

    Only what the job needs is built: looking through the whole folder would double the time of an empty refresh.
    """
    from pipelines.defs.assets import all_assets

    asset_checks = []
    if name == checks.name:
        from pipelines.defs.checks import all_checks

        asset_checks = all_checks()
    definitions = dg.Definitions(
        assets=all_assets(),
        asset_checks=asset_checks,
        jobs=[job for job in (refresh, rebuild, checks) if job.name == name],
        resources={"workspace": dg.ResourceDefinition.hardcoded_resource(space)},
    )
    # The caller tells of progress and errors.
    return definitions.resolve_job_def(name).execute_in_process(instance=instance, run_config=hears("CRITICAL"))
