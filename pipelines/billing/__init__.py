"""Billing: OCPI tariffs, sessions priced into CDRs, monthly invoice drafts, revenue per site and day."""
