"""Scheduled extracts: the last month on the 2nd, and, where somebody turns it on, the last day."""

# No postponed annotations here: Dagster reads the type of `context` at import.
from datetime import date, timedelta

import dagster as dg

from pipelines.defs.terminal import hears
from pipelines.defs.workspace import Workspace
from pipelines.scheduled_extracts import last_month, write_scheduled
from warehouse.settings import load_settings

NOWHERE = "No place is set for scheduled extracts: KWHOUSE_EXTRACT_TO."


@dg.op(
    required_resource_keys={"workspace"},
    config_schema={"date_from": str, "date_to": str},
    description="Write the extracts of the settings to KWHOUSE_EXTRACT_TO; the second day is not included.",
)
def write_extracts(context: dg.OpExecutionContext) -> None:
    space: Workspace = context.resources.workspace
    days = (date.fromisoformat(context.op_config[name]) for name in ("date_from", "date_to"))
    report = write_scheduled(space.lake, *days)
    if report is None:
        context.log.warning(NOWHERE)
        return
    context.add_output_metadata(
        {"folder": report.folder, "snapshot": report.snapshot, **{file.file: file.rows for file in report.files}}
    )


@dg.job(executor_def=dg.in_process_executor, description="Extracts to a folder or a bucket.")
def scheduled_extracts() -> None:
    write_extracts()


def _run(date_from: date, date_to: date) -> dg.RunRequest | dg.SkipReason:
    if not load_settings().extract_to:
        return dg.SkipReason(NOWHERE)
    days = {"date_from": date_from.isoformat(), "date_to": date_to.isoformat()}
    config = {"ops": {write_extracts.name: {"config": days}}} | hears("WARNING")
    return dg.RunRequest(run_key=f"{date_from}--{date_to}", run_config=config)


@dg.schedule(job=scheduled_extracts, cron_schedule="30 4 2 * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def monthly_extracts(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """The last month, on the 2nd: by then it is over in every zone, and late data have come."""
    return _run(*last_month(context.scheduled_execution_time.date()))


@dg.schedule(job=scheduled_extracts, cron_schedule="30 5 * * *", default_status=dg.DefaultScheduleStatus.STOPPED)
def daily_extracts(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """The day before yesterday: over in every zone."""
    today = context.scheduled_execution_time.date()
    return _run(today - timedelta(days=2), today - timedelta(days=1))
