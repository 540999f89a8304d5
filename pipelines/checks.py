"""Checks over several tables: energy is neither lost nor made on its way, and only what may be billed is billed.

Those of one table are the contract's.
"""

from __future__ import annotations

from warehouse.contract import billing, core, mart
from warehouse.contract.checks import Check

STEPS_CONSERVE_ENERGY = Check(
    core.ENERGY_STEPS,
    "energy_conserved",
    "the steps of each session sum to its energy; counts sessions where they do not",
    """
    SELECT count(*)
    FROM (SELECT session_id, energy_wh FROM core.sessions WHERE energy_wh > 0) AS sessions
    FULL JOIN (SELECT session_id, sum(energy_wh) AS energy_wh FROM core.energy_steps GROUP BY session_id) AS steps
        USING (session_id)
    WHERE sessions.energy_wh IS DISTINCT FROM steps.energy_wh
    """,
)
HOURS_CONSERVE_ENERGY = Check(
    mart.CONNECTOR_HOURS,
    "energy_conserved",
    "the hours of each station sum to the energy of its sessions; counts stations where they do not",
    """
    SELECT count(*)
    FROM (SELECT station_id, sum(energy_wh) AS energy_wh FROM core.sessions GROUP BY station_id) AS sessions
    FULL JOIN (SELECT station_id, sum(energy_wh) AS energy_wh FROM mart.connector_hours GROUP BY station_id) AS hours
        USING (station_id)
    WHERE coalesce(sessions.energy_wh, 0) <> coalesce(hours.energy_wh, 0)
    """,
)
DAYS_CONSERVE_ENERGY = Check(
    mart.SITE_DAYS,
    "energy_conserved",
    "the days of each site sum to the energy of its sessions; counts sites where they do not",
    """
    SELECT count(*)
    FROM (SELECT site_id, sum(energy_wh) AS energy_wh FROM core.sessions GROUP BY site_id) AS sessions
    FULL JOIN (SELECT site_id, sum(energy_wh) AS energy_wh FROM mart.site_days GROUP BY site_id) AS days
        USING (site_id)
    WHERE coalesce(sessions.energy_wh, 0) <> coalesce(days.energy_wh, 0)
    """,
)
NOT_OVERFULL = Check(
    mart.CONNECTOR_HOURS,
    "hours_not_overfull",
    "no connector is open, occupied or charging for more than 3,600 s of an hour; counts hours that are",
    """
    SELECT count(*) FROM mart.connector_hours
    WHERE greatest(open_seconds, occupied_seconds, charging_seconds, offline_seconds, faulted_seconds) > 3600
    """,
)
BILLED_ARE_BILLABLE = Check(
    billing.INVOICE_DRAFT_LINES,
    "billed_are_billable",
    "no line of a draft rests on a session graded unbillable that nobody has released; counts lines that do",
    """
    SELECT count(*) FROM billing.invoice_draft_lines AS lines
    LEFT JOIN billing.cdrs AS cdrs USING (cdr_id)
    WHERE lines.kind = 'session'
        AND (cdrs.cdr_id IS NULL OR (cdrs.grade = 'unbillable' AND cdrs.decision IS DISTINCT FROM 'release'))
    """,
)

ACROSS_TABLES: tuple[Check, ...] = (
    STEPS_CONSERVE_ENERGY,
    HOURS_CONSERVE_ENERGY,
    DAYS_CONSERVE_ENERGY,
    NOT_OVERFULL,
    BILLED_ARE_BILLABLE,
)
