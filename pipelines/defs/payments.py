"""Card payments gone on with every five minutes: charges begun on phones, ended sessions, what no webhook told."""

# No postponed annotations here: Dagster reads the type of `context` at import.
from datetime import UTC, datetime

import dagster as dg

from pipelines.billing.cards import booking
from pipelines.billing.cards.reconciling import lake_if_any, reconcile
from pipelines.billing.payments.service import payment_service
from pipelines.billing.starts.receipts import issue_due
from pipelines.defs.automation import UNDER_WAY
from pipelines.defs.terminal import hears
from warehouse.settings import load_settings

NOBODY = "No payment provider is configured: KWHOUSE_STRIPE_KEY."


@dg.op(description="Ask the provider about unfinished payments and refunds, and tell the ledger what it lacked.")
def ask_provider(context: dg.OpExecutionContext) -> None:
    settings = load_settings()
    service = payment_service(settings, booking.tell)
    try:
        if service.payments is None:
            context.log.warning(NOBODY)
            return
        with lake_if_any(settings) as lake:
            report = reconcile(service.payments, lake)
        receipts = issue_due(settings, service.engine, lambda: datetime.now(UTC))
    finally:
        service.engine.dispose()
    context.add_output_metadata(
        {
            "finished": report.finished,
            "looked_at": report.looked_at,
            "settled": report.settled,
            "booked": report.booked,
            "unbooked": report.unbooked,
            "receipts": len(receipts.issued),
            "problems": dg.MetadataValue.json(report.problems | receipts.problems),
        }
    )
    for thing, why in (report.problems | receipts.problems).items():
        context.log.warning(f"{thing}: {why}")


@dg.job(
    executor_def=dg.in_process_executor,
    config=hears("WARNING"),
    description="Unfinished card payments and refunds, gone on with.",
)
def reconcile_payments() -> None:
    ask_provider()


@dg.schedule(job=reconcile_payments, cron_schedule="*/5 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def payments_every_five_minutes(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """What webhooks did not tell: lost ones, a crash between two steps, a provider that was away."""
    if load_settings().stripe_key is None:
        return dg.SkipReason(NOBODY)
    if context.instance.get_runs_count(dg.RunsFilter(job_name=reconcile_payments.name, statuses=UNDER_WAY)):
        return dg.SkipReason("The provider is being asked already.")
    return dg.RunRequest()
