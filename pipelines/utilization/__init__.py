"""How much the connectors are used: `mart.connector_hours` and `mart.site_days`.

Both are cut from the same intervals (in service, occupied, charging, offline), so they agree; rates are computed
from their sums by whoever shows them.
"""
