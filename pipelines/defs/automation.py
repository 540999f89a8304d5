"""When runs start by themselves: at each landing, every quarter of an hour in case one was missed, and at night."""

import dagster as dg

from pipelines.defs.jobs import checks, maintenance, refresh
from warehouse.settings import load_settings

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job=refresh,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a refresh when collectors or importers have landed files.",
)
def landing(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    # File names are made once and end up as they are: the newest one tells whether something came.
    files = [(path.stat().st_mtime_ns, path.name) for path in load_settings().landing.glob("*.parquet")]
    newest = "|".join(map(str, max(files))) if files else ""
    if not files or newest == context.cursor:
        return dg.SkipReason("No new file in the landing folder.")
    if context.instance.get_runs_count(dg.RunsFilter(job_name=refresh.name, statuses=UNDER_WAY)):
        return dg.SkipReason("A refresh is under way; it is looked at again after it.")
    context.update_cursor(newest)
    return dg.RunRequest(run_key=newest)


every_quarter_hour = dg.ScheduleDefinition(
    name="every_quarter_hour",
    job=refresh,
    cron_schedule="*/15 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Brings registry changes in, and files whose landing was missed.",
)

nightly_maintenance = dg.ScheduleDefinition(
    name="nightly_maintenance",
    job=maintenance,
    cron_schedule="10 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

nightly_checks = dg.ScheduleDefinition(
    name="nightly_checks",
    job=checks,
    cron_schedule="40 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
