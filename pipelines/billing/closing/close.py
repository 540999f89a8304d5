"""Lock, unlock and close a month.

A month closes when its chain adds up, all its drafts are issued, no session in it waits for a price (but for those that
are accepted by name), and it is over at every site. Then its sums are kept with the snapshot that they are of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from pipelines.billing.closing import periods
from pipelines.billing.closing.chain import GOES_ON, LINKS, Chain, Reason, Step, next_month, reconcile
from pipelines.billing.closing.periods import MonthDoesNotClose, Period
from warehouse.account import account
from warehouse.errors import InputError
from warehouse.extracts import account_files
from warehouse.plain import instant
from warehouse.state import open_state, table
from warehouse.store import Lake

_IDS_SHOWN = 20
_WAITING = {"active": "sessions that go on", "no_site": "sessions of stations that stand at no registered site"}


@dataclass(frozen=True, slots=True)
class MonthReport:
    """A month with its chain and what still keeps it from closing.

    `changed_since`: links whose sums are no longer those it was closed with (late data; booked later on).
    """

    period: Period
    chain: Chain
    blocked_by: tuple[str, ...]
    changed_since: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [str(self.period), *(_line(step) for step in self.chain.steps)]
        if self.blocked_by:
            lines += ["It does not close yet, because of:", *(f"  {reason}" for reason in self.blocked_by)]
        if self.changed_since:
            lines += ["Changed since it was closed; booked in the next open month:"]
            lines += [f"  {change}" for change in self.changed_since]
        if self.chain.owners and self.period.state == "closed":
            owners = _ids(self.chain.owners, len(self.chain.owners))
            lines.append(f"Statements of site owners to be issued (`kwhouse owner issue`): {owners}")
        return "\n".join(lines)


def status(lake: Lake, operator_id: str, month: date, *, now: datetime | None = None) -> MonthReport:
    """How a month stands. Changes nothing."""
    _refuse_unknown(lake, operator_id)
    engine = open_state(lake.settings)
    try:
        chain = reconcile(lake, engine, operator_id, month)
        found = periods.period(engine, operator_id, month)
    finally:
        engine.dispose()
    if found.state == "closed":
        return MonthReport(found, chain, (), tuple(changes(found, chain)))
    return MonthReport(found, chain, tuple(blockers(lake, chain, (), now or datetime.now(UTC))))


def lock(lake: Lake, operator_id: str, month: date, *, by: str | None = None, now: datetime | None = None) -> Period:
    """No document of the month is issued by the way any more. Raises `PeriodRefused`."""
    return _move(lake, operator_id, month, "locked", by, now)


def unlock(lake: Lake, operator_id: str, month: date, *, by: str | None = None, now: datetime | None = None) -> Period:
    """Open a locked month again. Raises `PeriodRefused`, always for a closed one."""
    return _move(lake, operator_id, month, "open", by, now)


def close(
    lake: Lake,
    operator_id: str,
    month: date,
    *,
    accept_unpriced: Collection[str] = (),
    by: str | None = None,
    now: datetime | None = None,
) -> MonthReport:
    """Close the month for good, from open or locked. Raises `MonthDoesNotClose` with everything that speaks against it.

    `accept_unpriced`: reasons (`held`, `no_tariff` …, see `Chain.unpriced`) whose sessions stay without a price; kept
    with the control sums, beside the `mark` that makes its extracts again (`--snapshot`). While it looks, the month is
    locked; a month that was open is open again when refused.
    """
    _refuse_unknown(lake, operator_id)
    moment, name = now or datetime.now(UTC), _account(by)
    engine = open_state(lake.settings)
    try:
        before = periods.period(engine, operator_id, month)
        if before.state != "locked":
            periods.move(engine, operator_id, month, "locked", at=moment, by=name)
        try:
            chain = reconcile(lake, engine, operator_id, month)
            reasons = list(blockers(lake, chain, accept_unpriced, moment))
            if reasons:
                raise MonthDoesNotClose(operator_id, month, reasons)
            accounts = account_files.declared(lake.settings)[1]
            with engine.begin() as connection:
                last_issue = _refuse_newer_documents(connection, chain)
                # Documents may have been issued until the month was locked: the mark holds all that are in the sums.
                until = now or datetime.now(UTC)
                until = until if last_issue is None else max(until, last_issue)
                mark = f"{chain.snapshot}@{instant(until)}#{accounts}"
                closed = periods.move(
                    connection,
                    operator_id,
                    month,
                    "closed",
                    at=moment,
                    by=name,
                    snapshot=chain.snapshot,
                    control_sums={"mark": mark} | control_sums(chain, accept_unpriced),
                )
        except BaseException:
            if before.state == "open":
                periods.move(engine, operator_id, month, "open", at=moment, by=name)
            raise
    finally:
        engine.dispose()
    return MonthReport(closed, chain, ())


def blockers(lake: Lake, chain: Chain, accepted: Collection[str], now: datetime) -> Iterator[str]:
    """Everything that keeps the month of `chain` from closing, in words, with the first ids."""
    for site_id, zone in _zones(lake, chain.operator_id):
        if now.astimezone(zone).date() < next_month(chain.month):
            yield f"the month is not over at site {site_id}"
            break
    for step in chain.steps:
        for reason in step.unexplained:
            where = f" at {step.site_id}" if step.site_id else ""
            yield f"{step.step}{where}: {_told(reason, step.unit)}"
    for name, reason in sorted(chain.unpriced().items()):
        if name not in accepted:
            what = _WAITING.get(name, f"sessions without a price, {name}")
            yield f"{what}: {_ids(reason.ids, reason.entries)}; accept them with --accept-unpriced {name}"
    if chain.unknown_vat:
        drafts = _ids(chain.unknown_vat, len(chain.unknown_vat))
        yield f"drafts that cannot be issued, as a VAT rate is not known (mend the tariff): {drafts}"
    if others := tuple(draft for draft in chain.drafts if draft not in chain.unknown_vat):
        yield f"drafts not issued: {_ids(others, len(others))}"


def control_sums(chain: Chain, accepted: Collection[str] = ()) -> dict[str, Any]:
    """What is kept of a closed month: the sums of each link, per site, per currency and per VAT rate."""
    unpriced = chain.unpriced()
    return {
        "links": [
            {
                "step": step.step,
                "site_id": step.site_id,
                "unit": step.unit,
                "left": step.left,
                "right": step.right,
                "explained_by": {reason.reason: reason.amount for reason in step.explained_by},
            }
            for step in chain.steps
        ],
        "sites": list(chain.sites),
        "documents": list(chain.documents),
        "vat": list(chain.vat),
        "accepted_unpriced": {
            name: {"sessions": unpriced[name].entries, "kwh": unpriced[name].amount}
            for name in sorted(accepted)
            if name in unpriced
        },
    }


def changes(closed: Period, chain: Chain) -> Iterator[str]:
    """Where the sums of a closed month are no longer those of its closing."""
    kept = {
        (link["step"], link["site_id"], link["unit"]): (link["left"], link["right"])
        for link in (closed.control_sums or {}).get("links", ())
        if link["step"] not in GOES_ON
    }
    found = {(step.step, step.site_id, step.unit): step for step in chain.steps if step.step not in GOES_ON}
    for key in [*found, *(key for key in kept if key not in found)]:
        step, then = found.get(key), kept.get(key, ("0", "0"))
        now = ("0", "0") if step is None else (format(step.left, "f"), format(step.right, "f"))
        if any(Decimal(a) != Decimal(b) for a, b in zip(now, then, strict=True)):
            where = f" at {key[1]}" if key[1] else ""
            yield f"{key[0]}{where}: {now[0]} and {now[1]} {key[2]}; closed with {then[0]} and {then[1]}"


def operators(lake: Lake) -> tuple[str, ...]:
    """All operators of the registry."""
    rows = lake.cursor().execute("SELECT operator_id FROM registry.operators ORDER BY 1").fetchall()
    return tuple(str(row[0]) for row in rows)


def as_json(report: MonthReport) -> dict[str, Any]:
    """The whole report for `--json`: every step with `step, left, right, difference, explained_by`."""
    found = asdict(report)
    for step, told in zip(report.chain.steps, found["chain"]["steps"], strict=True):
        told["adds_up"] = step.adds_up
    return found


def _refuse_newer_documents(connection: sa.Connection, chain: Chain) -> datetime | None:
    """Documents that were issued while the chain was computed are not in its sums. Gives when the last one was issued;
    None: there are none."""
    documents = table("billing", "documents")
    counted = sum(row["invoices"] + row["credit_notes"] for row in chain.documents)
    there, last_issue = connection.execute(
        sa.select(sa.func.count(), sa.func.max(documents.c.issued_at)).where(
            documents.c.operator_id == chain.operator_id, documents.c.booked_month == chain.month
        )
    ).one()
    if there != counted:
        raise MonthDoesNotClose(
            chain.operator_id, chain.month, [f"documents were issued meanwhile ({counted}, now {there}); try again"]
        )
    return None if last_issue is None else last_issue.astimezone(UTC)


def _refuse_unknown(lake: Lake, operator_id: str) -> None:
    known = operators(lake)
    if operator_id not in known:
        raise InputError(f"There is no operator {operator_id!r}; there are {', '.join(known) or 'none yet'}.")


def _move(
    lake: Lake, operator_id: str, month: date, state: periods.State, by: str | None, now: datetime | None
) -> Period:
    _refuse_unknown(lake, operator_id)
    engine = open_state(lake.settings)
    try:
        return periods.move(engine, operator_id, month, state, at=now or datetime.now(UTC), by=_account(by))
    finally:
        engine.dispose()


def _zones(lake: Lake, operator_id: str) -> Iterator[tuple[str, ZoneInfo]]:
    rows = (
        lake.cursor()
        .execute("SELECT site_id, time_zone FROM registry.sites WHERE operator_id = ? ORDER BY site_id", [operator_id])
        .fetchall()
    )
    for site_id, zone in rows:
        try:
            yield site_id, ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):  # its sessions are on the work list as `no_time_zone`
            continue


def _account(by: str | None) -> str:
    name = account() if by is None else by.strip()
    if not name:
        raise InputError("Say who does it: --by NAME.")
    return name


def _line(step: Step) -> str:
    left, right = LINKS[step.step]
    where = f" ({step.site_id})" if step.site_id else ""
    mark = "=" if step.adds_up else "!"
    text = f"{mark} {step.step}{where}: {left} {_amount(step.left)}, {right} {_amount(step.right)} {step.unit}"
    reasons = [f"{_amount(reason.amount)} {reason.words}" for reason in (*step.explained_by, *step.unexplained)]
    return text + (f"; {', '.join(reasons)}" if reasons else "")


def _told(reason: Reason, unit: str) -> str:
    return f"{_amount(reason.amount)} {unit}, {reason.words}: {_ids(reason.ids, reason.entries)}"


def _amount(value: Any) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _ids(ids: Collection[str], entries: int) -> str:
    shown = list(ids)[:_IDS_SHOWN]
    return ", ".join(shown) + (f" … ({entries} in all)" if entries > len(shown) else "")
