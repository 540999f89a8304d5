WITH sums AS (
    SELECT
        site_id,
        currency,
        sum(rated_sessions)::BIGINT AS rated_sessions,
        sum(rated_excl_vat) AS rated,
        sum(rated_wh) / 1000 AS rated_kwh,
        sum(billed_sessions)::BIGINT AS billed_sessions,
        sum(billed_excl_vat) AS billed,
        sum(unpriced_sessions)::BIGINT AS unpriced_sessions
    FROM mart.revenue_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
    GROUP BY site_id, currency
),
in_service AS (
    SELECT site_id, max(connectors) AS connectors
    FROM mart.site_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
    GROUP BY site_id
)
SELECT
    sums.site_id,
    coalesce(sites.name, 'Unregistered stations') AS site,
    sums.currency,
    rated_sessions,
    rated::DOUBLE AS rated,
    billed_sessions,
    billed::DOUBLE AS billed,
    unpriced_sessions,
    rated_kwh::DOUBLE AS rated_kwh,
    rated::DOUBLE / nullif(rated_kwh, 0) AS rated_per_kwh,
    connectors,
    rated::DOUBLE / nullif(connectors, 0) AS rated_per_connector,
    billed::DOUBLE / nullif(connectors, 0) AS billed_per_connector
FROM sums
LEFT JOIN in_service USING (site_id)
LEFT JOIN registry.sites AS sites USING (site_id)
ORDER BY rated DESC, sums.site_id
