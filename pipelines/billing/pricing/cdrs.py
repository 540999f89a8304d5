"""Stage `cdrs`: sessions priced into CDRs, their lines and charging periods, or put on the work list with the reason.

A CDR follows its session: late readings, a mended tariff or a token given to a contract price it again. What has left
the house stays as it was (`billing.issued_cdrs`), and is taken back where it no longer holds. An active session has no
CDR yet; one graded unbillable gets none unless a person releases it; one that a person holds gets none and stands on
the work list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.billing.rating.cutting import cut
from pipelines.billing.rating.rate import GREATEST_VOLUME, rate
from pipelines.billing.rating.tables import load_tariffs
from pipelines.billing.registry import load_registry, load_standing_decisions
from pipelines.billing.tariffs.model import Tariff, TariffRefused, parse_tariff, tariff_object
from pipelines.billing.tariffs.taxed import lacks_vat, taxed
from pipelines.stages import Replacement, Stage, any_row, sql, temp_table, temp_view
from warehouse import exact_json
from warehouse.contract import billing, core, ops, signed
from warehouse.store import Lake
from warehouse.store.changes import Window

_HERE = Path(__file__).parent
_LAWFUL_RATES = "SELECT DISTINCT lawful_vat_percent FROM paid_sessions WHERE lawful_vat_percent IS NOT NULL"
# Where energy flowed there is a period.
_PRICED_CDRS = "FROM billing.cdrs WHERE energy_wh > 0"
_SIGNED = _HERE.parents[1] / "signed" / "billing_verdicts.sql"


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    """Price the touched sessions into `made_cdrs`, `made_cdr_lines`, `made_cdr_periods` and `made_unpriced`."""
    load_terms(lake)
    temp_table(lake, "billing_touched", sql(_HERE / "touched_sessions.sql"))
    price_touched(lake)
    temp_table(lake, "made_cdrs", sql(_HERE / "cdrs.sql"))
    temp_table(lake, "made_cdr_lines", sql(_HERE / "cdr_lines.sql"))
    temp_table(lake, "made_cdr_periods", sql(_HERE / "cdr_periods.sql"))
    temp_table(lake, "made_unpriced", sql(_HERE / "unpriced.sql"))
    # Lines and periods have no session: which ones go is found before their CDRs do.
    temp_table(lake, "billing_old_cdrs", "SELECT cdr_id FROM billing.cdrs WHERE session_id IN (FROM billing_touched)")
    touched = "session_id IN (FROM billing_touched)"
    return (
        Replacement(billing.CDR_LINES, "made_cdr_lines", "cdr_id IN (FROM billing_old_cdrs)"),
        Replacement(billing.CDR_PERIODS, "made_cdr_periods", "cdr_id IN (FROM billing_old_cdrs)"),
        Replacement(billing.CDRS, "made_cdrs", touched),
        Replacement(ops.FAULTS, "made_unpriced", f"kind = 'unpriced' AND {touched}", owned="kind = 'unpriced'"),
    )


def lacks_periods(lake: Lake) -> bool:
    """Whether the CDRs are of a version that kept no charging periods, without which they cannot be told to others."""
    return any_row(lake, _PRICED_CDRS) and not any_row(lake, "FROM billing.cdr_periods")


def load_terms(lake: Lake) -> None:
    """Load what of the registry decides prices, as `registry_…`."""
    load_registry(lake, "operators", "sites", "tokens", "contracts", "session_decisions", "meter_keys")
    load_registry(lake, "tariffs", "tariff_assignments", "plans", "subscriptions", "tax_rates")


def price_touched(lake: Lake) -> None:
    """Price the sessions of `billing_touched`: `billing_candidates` says by which tariff or why not, `rate` leaves its
    tables, and `billed_lines` and `billed_totals` are what of them is billed."""
    choose_tariffs(lake)
    temp_table(lake, "sessions_to_rate", sql(_HERE / "sessions_to_rate.sql"))
    temp_table(lake, "session_currents", sql(_HERE / "session_currents.sql"))
    temp_table(lake, "session_steps", sql(_HERE / "session_steps.sql"))
    cut(lake.con)
    rate(lake.con)
    temp_view(lake, "billed_lines", sql(_HERE / "billed_lines.sql"))
    temp_view(lake, "billed_totals", sql(_HERE / "billed_totals.sql"))


def choose_tariffs(lake: Lake) -> None:
    """Make `billing_candidates`: which tariff the sessions of `billing_touched` have, or why they have none."""
    load_standing_decisions(lake)
    temp_table(lake, "signed_verdicts", sql(_SIGNED), {"signed_policy": lake.settings.signed_policy})
    temp_table(lake, "paid_sessions", sql(_HERE / "paid_sessions.sql"))
    _load_tariffs(lake)
    temp_table(lake, "fitting_rules", sql(_HERE / "fitting_rules.sql"))
    temp_table(lake, "billing_candidates", sql(_HERE / "candidates.sql"), {"greatest_volume": GREATEST_VOLUME})


def _load_tariffs(lake: Lake) -> None:
    """Load what can be priced and make `tariff_verdicts` (currency, refusal) of every version, and `tariff_variants`.

    What does not give its VAT is loaded once more for each rate that the law gives in `paid_sessions`.
    """
    rates = [row[0] for row in lake.con.execute(_LAWFUL_RATES).fetchall()]
    variants: list[dict[str, object]] = []
    readable: list[tuple[str, int, Tariff]] = []
    verdicts: list[dict[str, object]] = []
    for tariff_id, version, currency, found in _tariffs(lake):
        refusal = str(found) if isinstance(found, TariffRefused) else None
        if not isinstance(found, TariffRefused):
            readable.append((tariff_id, version, found))
            for percent in rates if lacks_vat(found) else ():
                # No declared id holds a control character, so that none is the same.
                rated_as = f"{tariff_id}\x1f{percent}"
                readable.append((rated_as, version, taxed(found, percent)))
                variant = {"id": tariff_id, "version": version, "vat_percent": str(percent), "rated_as": rated_as}
                variants.append(variant)
        verdicts.append({"id": tariff_id, "version": version, "currency": currency, "refusal": refusal})
    load_tariffs(lake.con, readable)
    temp_table(lake, "tariff_verdicts", sql(_HERE / "tariff_verdicts.sql"), {"verdicts": json.dumps(verdicts)})
    temp_table(lake, "tariff_variants", sql(_HERE / "tariff_variants.sql"), {"variants": json.dumps(variants)})


def _tariffs(lake: Lake) -> Iterator[tuple[str, int, str, Tariff | TariffRefused]]:
    names = ("tariff_id", "version", "currency", "elements", "min_price", "max_price", "tax_included", "tariff_type")
    for values in lake.con.execute(sql(_HERE / "tariff_rows.sql")).fetchall():
        row = dict(zip(names, values, strict=True))
        try:
            yield row["tariff_id"], row["version"], row["currency"], parse_tariff(tariff_object(_read(row)))
        except TariffRefused as refused:
            yield row["tariff_id"], row["version"], row["currency"], refused


def tariff_of(lake: Lake, tariff_id: str, version: int) -> Tariff:
    """One version of a tariff that can be priced, after `load_terms`. Raises `LookupError` where it is not there."""
    for found_id, found_version, _, found in _tariffs(lake):
        if (found_id, found_version) == (tariff_id, version) and isinstance(found, Tariff):
            return found
    raise LookupError(f"tariff {tariff_id} version {version}")


def _read(row: dict[str, Any]) -> dict[str, object]:
    read: dict[str, object] = dict(row)
    for name in ("elements", "min_price", "max_price"):
        try:
            read[name] = None if row[name] is None else exact_json.loads(row[name])
        except ValueError as error:
            raise TariffRefused(name, f"not JSON: {error}") from None
    return read


STAGE = Stage(
    "cdrs",
    (core.SESSIONS, core.ENERGY_STEPS, signed.SIGNED_SESSIONS, ops.REGISTRY_HISTORY),
    (billing.CDRS, billing.CDR_LINES, billing.CDR_PERIODS, ops.FAULTS),
    compute,
    is_outdated=lacks_periods,
)
