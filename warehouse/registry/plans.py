"""What must hold of plans, subscriptions and agreements with site owners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from warehouse.contract.registry import OWNER_CONTRACTS, PLANS
from warehouse.errors import Problem
from warehouse.registry.records import Record

# Least and greatest value (None: no bound) of what goes into amounts by itself.
BOUNDS: dict[str, dict[str, tuple[int, int | None]]] = {
    PLANS.name: {"monthly_fee": (0, None), "included_kwh": (0, None), "vat_percent": (0, 100)},
    OWNER_CONTRACTS.name: {
        "revenue_share_percent": (0, 100),
        "rent_per_month": (0, None),
        "vat_percent": (0, 100),
    },
}


def out_of_bounds(table: str, records: Sequence[Record]) -> Iterator[Problem]:
    """Fees, rents and shares that no agreement has: below nothing, or more than all."""
    for record in records:
        for name, (least, greatest) in BOUNDS[table].items():
            value = record.get(name)
            if isinstance(value, Decimal) and (value < least or (greatest is not None and value > greatest)):
                bound = f"at least {least}" if greatest is None else f"between {least} and {greatest}"
                yield record.problem(name, f"{value.normalize():f} must be {bound}")


def without_plan(subscriptions: Sequence[Record], plans: Sequence[Record]) -> Iterator[Problem]:
    """Subscriptions during which their plan has at some time no version in force: nothing would be billed then."""
    versions: dict[object, list[tuple[datetime, datetime | None]]] = {}
    for plan in plans:
        begin, end = plan.get("valid_from"), plan.get("valid_to")
        if isinstance(begin, datetime) and (end is None or isinstance(end, datetime)):
            versions.setdefault(plan.get("plan_id"), []).append((begin, end))
    for record in subscriptions:
        begin, end = record.get("valid_from"), record.get("valid_to")
        found = sorted(versions.get(record.get("plan_id"), ()), key=lambda version: version[0])
        # A plan that is not there at all is a missing reference.
        if not found or not isinstance(begin, datetime):
            continue
        gap = _first_gap(begin, found)
        if gap is not None and (not isinstance(end, datetime) or gap < end):
            reason = f"plan {record.get('plan_id')} has no version in force at {gap.isoformat().replace('+00:00', 'Z')}"
            problem = record.problem("plan_id", reason)
            yield problem if record.file else Problem(_file_of(plans), None, "valid_to", f"{reason}, and is subscribed")


def _first_gap(begin: datetime, versions: Sequence[tuple[datetime, datetime | None]]) -> datetime | None:
    """The first instant since `begin` that none of `versions`, by their begin, covers; None where there is none."""
    reached = begin
    for start, stop in versions:
        if start > reached:
            return reached
        if stop is None:
            return None
        reached = max(reached, stop)
    return reached


def _file_of(records: Sequence[Record]) -> str:
    return next((record.file for record in records if record.file), "plans")
