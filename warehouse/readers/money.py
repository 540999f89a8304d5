"""What sessions cost and who owes it: rated (CDRs) beside billed (invoice lines), never mixed. Amounts before VAT."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.readers.scope import Grain, Scope
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def revenue_totals(lake: Lake, scope: Scope) -> pl.DataFrame:
    """One row a currency: rated and billed, per kWh rated and per connector."""
    return frame(lake, "revenue_totals", **scope.parameters())


def revenue_by_site(lake: Lake, scope: Scope) -> pl.DataFrame:
    """One row a site and currency: rated and billed, per kWh rated and per connector."""
    return frame(lake, "revenue_by_site", **scope.parameters())


def revenue_by_period(lake: Lake, scope: Scope, grain: Grain) -> pl.DataFrame:
    """One row a step of time and currency: rated and billed; days are those of the sessions' starts."""
    return frame(lake, "revenue_by_period", **scope.parameters(), grain=str(grain))


def invoice_months(lake: Lake, scope: Scope) -> pl.DataFrame:
    """`month` of each month that the period touches and that has invoices, the newest first."""
    return frame(lake, "invoice_months", first=scope.first, last=scope.last)


def invoices(lake: Lake, scope: Scope, *, month: date | None, text: str | None, limit: int) -> pl.DataFrame:
    """Invoices of the months that the period touches (or of `month`) with a line of the sites, the newest first.

    `text` is looked for in the ids of invoice and contract; at most `limit` are given.
    """
    return frame(lake, "invoices", **scope.parameters(), month=month, text=text or "", limit=limit)


def invoice_totals(lake: Lake, scope: Scope, *, month: date | None, text: str | None) -> pl.DataFrame:
    """One row a currency: number and sums of all those invoices; `vat_unknown` counts those without a total."""
    return frame(lake, "invoice_totals", **scope.parameters(), month=month, text=text or "")


def invoice_lines(lake: Lake, invoice_id: str) -> pl.DataFrame:
    """Lines of one invoice with their session."""
    return frame(lake, "invoice_lines", invoice_id=invoice_id)


def contract_by_cost_centre(lake: Lake, contract_id: str, month: date) -> pl.DataFrame:
    """What a contract's month (any day of it) says now, one row a cost centre, currency and VAT rate.

    `amount_excl_vat` holds sessions less the energy that a plan includes; fees stand at no cost centre (NULL, last).
    """
    return frame(lake, "contract_by_cost_centre", contract_id=contract_id, month=month)


def session_prices(lake: Lake, session_id: str) -> pl.DataFrame:
    """Price components of one session's CDR."""
    return frame(lake, "session_prices", session_id=session_id)
