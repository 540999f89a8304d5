"""Why one of our own sessions costs what it costs: priced anew by the engine, alone, from the lake as it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.billing.explaining.explanation import Explanation, Rule
from pipelines.billing.explaining.telling import Row, explained, rows
from pipelines.billing.pricing.cdrs import load_terms, price_touched, tariff_of
from pipelines.stages import temp_table
from warehouse.contract import core, ops, signed
from warehouse.readers import sessions
from warehouse.store import Lake
from warehouse.store.changes import Window, expose

_NAMES = ("contract_id", "token_group", "connector_id", "evse_id", "station_id", "site_id")


def explain_session(lake: Lake, text: str) -> Explanation:
    """The explanation of the session that `text` names (see `sessions.resolve`). Writes nothing to the lake.

    Raises `SessionUnknown` and `SessionAmbiguous`.
    """
    session_id = sessions.resolve(lake, text)
    for table in (core.SESSIONS, core.ENERGY_STEPS, signed.SIGNED_SESSIONS, ops.REGISTRY_HISTORY):
        expose(lake, Window(0, lake.snapshot(), True), table)
    load_terms(lake)
    temp_table(lake, "billing_touched", "SELECT $session_id AS session_id", {"session_id": session_id})
    price_touched(lake)
    here = {"session_id": session_id}
    [session] = rows(lake.con, "session", here)
    found = rows(lake.con, "candidate", here)
    if not found:
        return _about(session_id, session, reason=_not_billed(session))
    [candidate] = found
    rules = _rules(rows(lake.con, "rules", here))
    about = _about(
        session_id,
        session,
        rules=rules,
        tariff_id=candidate["tariff_id"] if any(rule.won for rule in rules) else None,
        tariff_version=candidate["tariff_version"],
        reason=candidate["reason"] and candidate["reason"][1],
        **_stored(rows(lake.con, "stored_total", here)),
    )
    if candidate["session_no"] is None:
        return about
    tariff = tariff_of(lake, candidate["tariff_id"], candidate["tariff_version"])
    found_out = explained(lake.con, candidate["session_no"], tariff, about)
    return _without_vat(found_out) if candidate["reverse_charge"] else found_out


def _without_vat(told: Explanation) -> Explanation:
    """As it is billed where the contract's holder owes the VAT (`billed_lines.sql`)."""
    return replace(
        told,
        reverse_charge=True,
        lines=tuple(
            line
            if line.amount_excl_vat is None
            else replace(line, amount_incl_vat=line.amount_excl_vat, vat_percent=Decimal(0))
            for line in told.lines
        ),
        total_incl_vat=told.total_incl_vat if told.total_excl_vat is None else told.total_excl_vat,
    )


def _about(session_id: str, session: Row, **more: Any) -> Explanation:
    zone = _zone(session["time_zone"])
    place = f"station {session['station_id']}" + (f", site {session['site_id']}" if session["site_id"] else "")
    return Explanation(
        session_id, place, str(zone), _local(session["started_at"], zone), _local(session["ended_at"], zone), **more
    )


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, LookupError):
        return ZoneInfo("UTC")  # `reason` says that the site's is not a known one


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if at is None else at.astimezone(zone)


def _not_billed(session: Row) -> str:
    if session["state"] == "active" or session["ended_at"] is None:
        return "It has not ended yet: only ended sessions are priced."
    return (
        f"It is graded {session['grade']}: it is not billed unless a person releases it with `kwhouse session release`."
    )


def _rules(found: list[dict[str, Any]]) -> tuple[Rule, ...]:
    greatest = found[0]["particularity"] if found else 0
    first = [rule for rule in found if rule["particularity"] == greatest]
    # Equally particular rules that name different tariffs: none of them wins.
    won = len({rule["tariff_id"] for rule in first}) == 1
    return tuple(
        Rule(
            rule["assignment_id"],
            rule["tariff_id"],
            tuple(f"{name} {rule[name]}" for name in _NAMES if rule[name] is not None),
            won and rule["particularity"] == greatest,
        )
        for rule in found
    )


def _stored(found: list[dict[str, Any]]) -> dict[str, Any]:
    if not found:
        return {}
    return {
        "is_stored": True,
        "currency": found[0]["currency"],
        "stored_excl_vat": found[0]["total_excl_vat"],
        "stored_incl_vat": found[0]["total_incl_vat"],
    }
