"""Jobs: `refresh` for what is new, `rebuild` for everything."""

from __future__ import annotations

import dagster as dg

from pipelines.defs.workspace import FULL, WRITES, Workspace

SELECTION = dg.AssetSelection.all() - dg.AssetSelection.all_asset_checks()

refresh = dg.define_asset_job(
    "refresh",
    SELECTION,
    description="Take in landed files and bring every table up to date.",
    executor_def=dg.in_process_executor,
    tags={WRITES: "true"},
)

rebuild = dg.define_asset_job(
    "rebuild",
    SELECTION,
    description="Make every table anew from the raw frames and the registry.",
    executor_def=dg.in_process_executor,
    tags={WRITES: "true", FULL: "true"},
)


def run_in_process(name: str, space: Workspace, instance: dg.DagsterInstance) -> str:
    """Run one of the jobs here, over a lake that is open already; returns the run's id.

    Only what the job needs is built: looking through the whole folder would double the time of an empty refresh.
    """
    from pipelines.defs.assets import all_assets

    definitions = dg.Definitions(
        assets=all_assets(),
        jobs=[refresh, rebuild],
        resources={"workspace": dg.ResourceDefinition.hardcoded_resource(space)},
    )
    job = definitions.resolve_job_def(name)
    # The caller tells of progress and errors; Dagster's events go to its database only.
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(instance=instance, run_config=quiet).run_id
