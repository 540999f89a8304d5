"""Columns that several extracts have."""

PLACE = {
    "site_id": "site",
    "site_name": "name of the site; empty where the registry does not know it",
}
START = {
    "local_date": "day of the session's start, in the site's zone",
    "started_at": "begin of the session, UTC",
    "started_local": "begin of the session, in the site's zone",
}
TARIFF = {"tariff_id": "tariff in force at the session's start", "tariff_version": "its version"}
