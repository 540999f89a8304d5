"""Why a CDR costs what it costs by a tariff: priced as sent, by the function that prices `kwhouse rate`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines.billing.explaining.explanation import Explanation
from pipelines.billing.explaining.telling import explained
from pipelines.billing.rating.lines import rate_cdrs
from pipelines.billing.rating.sent_cdrs import CdrRefused, instant, read_periods
from pipelines.billing.tariffs.model import parse_tariff


def explain_cdr(cdr: Mapping[str, Any], terms: Mapping[str, Any], zone: ZoneInfo | None) -> Explanation:
    """The explanation of an OCPI CDR by an OCPI tariff, both read by `warehouse.exact_json`. `zone`: the site's;
    UTC where it is not known and does not matter.

    Raises `TariffRefused`, and `CdrRefused` where readings contradict each other or the zone is missing.
    """
    tariff = parse_tariff(terms)
    if zone is None and any(element.restrictions.clock_seconds for element in tariff.elements):
        raise CdrRefused("time_zone", "is missing, and the tariff asks for times of day: give the site's zone")
    zone = zone or ZoneInfo("UTC")
    periods = read_periods(cdr, tariff, zone)
    end = cdr.get("end_date_time")
    told = cdr.get("total_cost")
    stored = told if isinstance(told, Mapping) else {"excl_vat": told}
    net, gross = stored.get("excl_vat", stored.get("before_taxes")), stored.get("incl_vat")
    about = Explanation(
        session=f"CDR {cdr.get('id', 'without an id')}",
        place=None,
        time_zone=str(zone),
        local_start=periods[0].started_at.astimezone(zone),
        local_end=None if end is None else instant("cdr.end_date_time", end).astimezone(zone),
        tariff_id=str(terms["id"]) if terms.get("id") is not None else None,
        is_stored=isinstance(net, Decimal) or isinstance(gross, Decimal),
        stored_excl_vat=net if isinstance(net, Decimal) else None,
        stored_incl_vat=gross if isinstance(gross, Decimal) else None,
    )
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        rate_cdrs(con, [(0, "0", tariff, periods)])
        return explained(con, 0, tariff, about)
