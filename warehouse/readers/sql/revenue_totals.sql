WITH sums AS (
    SELECT
        currency,
        sum(rated_sessions)::BIGINT AS rated_sessions,
        sum(rated_excl_vat) AS rated,
        sum(rated_wh) / 1000 AS rated_kwh,
        sum(billed_sessions)::BIGINT AS billed_sessions,
        sum(billed_excl_vat) AS billed,
        sum(unpriced_sessions)::BIGINT AS unpriced_sessions
    FROM mart.revenue_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
    GROUP BY currency
),
connectors AS (
    -- The most that were in service on one day, summed over sites that sell in this currency.
    SELECT currency, sum(connectors)::BIGINT AS connectors
    FROM (
        SELECT site_id, max(connectors) AS connectors
        FROM mart.site_days
        WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
        GROUP BY site_id
    )
    JOIN registry.sites USING (site_id)
    GROUP BY currency
)
SELECT
    currency,
    rated_sessions,
    billed_sessions,
    unpriced_sessions,
    rated::DOUBLE AS rated,
    billed::DOUBLE AS billed,
    rated_kwh::DOUBLE AS rated_kwh,
    rated::DOUBLE / nullif(rated_kwh, 0) AS rated_per_kwh,
    connectors,
    rated::DOUBLE / nullif(connectors, 0) AS rated_per_connector,
    billed::DOUBLE / nullif(connectors, 0) AS billed_per_connector
FROM sums
LEFT JOIN connectors USING (currency)
ORDER BY rated DESC
