-- Control sums of the month per site and currency.
WITH sessions AS (
    SELECT site_id, count(*) AS sessions, sum(energy_wh) AS session_wh FROM month_sessions GROUP BY site_id
),
cdrs AS (
    SELECT
        site_id,
        currency,
        count(*) AS cdrs,
        sum(energy_wh) AS cdr_wh,
        sum(total_excl_vat) AS cdr_excl_vat
    FROM month_cdrs
    GROUP BY ALL
),
lines AS (
    SELECT site_id, currency, sum(energy_wh) AS billed_wh, sum(amount_excl_vat) AS billed_excl_vat
    FROM month_lines
    WHERE kind = 'session' AND is_of_the_month
    GROUP BY ALL
),
sites AS (
    SELECT site_id, currency FROM registry.sites WHERE operator_id = $operator
    UNION
    SELECT site_id, currency FROM cdrs
    UNION
    SELECT site_id, currency FROM lines
)
SELECT
    sites.site_id,
    sites.currency,
    coalesce(sessions.sessions, 0) AS sessions,
    coalesce(sessions.session_wh, 0) * 0.001 AS session_kwh,
    coalesce(cdrs.cdrs, 0) AS cdrs,
    coalesce(cdrs.cdr_wh, 0) * 0.001 AS cdr_kwh,
    coalesce(cdrs.cdr_excl_vat, 0) AS cdr_excl_vat,
    coalesce(lines.billed_wh, 0) * 0.001 AS billed_kwh,
    coalesce(lines.billed_excl_vat, 0) AS billed_excl_vat
FROM sites
-- Sessions have no currency: they count in the site's own.
LEFT JOIN registry.sites AS own USING (site_id)
LEFT JOIN sessions ON sessions.site_id = sites.site_id AND own.currency = sites.currency
LEFT JOIN cdrs ON cdrs.site_id = sites.site_id AND cdrs.currency = sites.currency
LEFT JOIN lines ON lines.site_id = sites.site_id AND lines.currency = sites.currency
WHERE sessions.sessions > 0 OR cdrs.cdrs > 0 OR lines.billed_excl_vat IS NOT NULL
ORDER BY sites.site_id, sites.currency
