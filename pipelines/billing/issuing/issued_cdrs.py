"""CDRs that left the house: kept as they were, before the first document that bills them has a number.

So a crash leaves at most a CDR that was issued a little early; the next run issues its invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pipelines.billing.issuing.drafts import Draft
from pipelines.billing.issuing.signed_data import add_signed_data
from pipelines.billing.ledger import ad_hoc
from pipelines.billing.registry import load_registry
from pipelines.stages import sql, temp_table, temp_view
from warehouse.contract import billing
from warehouse.errors import StoreError
from warehouse.store import Lake

_HERE = Path(__file__).parent
_TABLES = (
    (billing.ISSUED_CDRS, "leaving_cdrs"),
    (billing.ISSUED_CDR_LINES, "leaving_lines"),
    (billing.ISSUED_CDR_PERIODS, "leaving_periods"),
)


class ChangedMeanwhile(StoreError):
    """A refresh has priced sessions anew since the drafts were read (a retry reads the new ones)."""

    retryable = True

    def __init__(self, cdr_ids: Sequence[str]) -> None:
        super().__init__(f"{len(cdr_ids)} CDRs changed while their invoices were issued. Run the command again.")
        self.cdr_ids = tuple(cdr_ids)


def keep_issued(lake: Lake, drafts: Sequence[Draft], issued_at: datetime, *, operator_id: str | None = None) -> int:
    """Keep the CDRs of `drafts` in `billing.issued_cdrs`, with credit CDRs for what no longer holds.

    Taken back is what no invoice bills but those that `drafts` take the place of: at the sites of `operator_id` (None:
    of all) and of the drafts' contracts. Lines, charging periods, tariff and place are kept beside the CDRs. Returns
    how many were taken back. Raises `ChangedMeanwhile`.
    """
    wanted = sorted({line.cdr_id for draft in drafts for line in draft.lines if line.cdr_id})
    parameters: dict[str, object] = {
        "cdr_ids": wanted,
        "draft_ids": sorted({draft.draft_id for draft in drafts}),
        "operator_id": operator_id,
        "contract_ids": sorted({draft.contract_id for draft in drafts}),
        "ad_hoc": ad_hoc.PREFIX,
        "issued_at": issued_at,
    }
    with lake.read():
        temp_view(lake, "all_registry_history", "SELECT * FROM ops.registry_history")
        load_registry(lake, "sites", "connectors", "meter_keys")
        temp_table(lake, "leaving_cdrs", sql(_HERE / "issued_cdrs.sql"), parameters)
        add_signed_data(lake)
        temp_table(lake, "leaving_lines", sql(_HERE / "issued_lines.sql"))
        temp_table(lake, "leaving_periods", sql(_HERE / "issued_periods.sql"))
    try:
        missing = lake.con.execute(
            """
            SELECT cdr_id FROM (SELECT unnest($cdr_ids::VARCHAR[]) AS cdr_id)
            WHERE cdr_id NOT IN (SELECT cdr_id FROM leaving_cdrs SEMI JOIN billing.cdrs USING (cdr_id))
                AND cdr_id NOT IN (
                    SELECT cdr_id FROM billing.issued_cdrs GROUP BY cdr_id
                    HAVING count(*) FILTER (WHERE kind = 'cdr') > count(*) FILTER (WHERE kind = 'credit')
                )
            """,
            {"cdr_ids": wanted},
        ).fetchall()
        if missing:
            raise ChangedMeanwhile([str(row[0]) for row in missing])
        taken_back = 0
        if _count(lake, "leaving_cdrs"):
            with lake.write("issued CDRs") as con:
                # Asked again under the lock: another run may have kept them meanwhile.
                there = "SELECT issued_cdr_id FROM lake.billing.issued_cdrs"
                con.execute(f"DELETE FROM leaving_cdrs WHERE issued_cdr_id IN ({there})")  # noqa: S608 (ours)
                taken_back = _count(lake, "leaving_cdrs WHERE kind = 'credit'")
                for table, rows in _TABLES:
                    con.execute(
                        f"INSERT INTO lake.{table.full_name} BY NAME"  # noqa: S608 (names from above)
                        f" SELECT * FROM {rows} WHERE issued_cdr_id IN (SELECT issued_cdr_id FROM leaving_cdrs)"
                    )
    finally:
        for _, rows in _TABLES:
            lake.con.execute(f"DROP TABLE IF EXISTS {rows}")
    return taken_back


def _count(lake: Lake, rows: str) -> int:
    found = lake.con.execute(f"SELECT count(*) FROM {rows}").fetchone()  # noqa: S608 (ours)
    return int(found[0]) if found else 0
