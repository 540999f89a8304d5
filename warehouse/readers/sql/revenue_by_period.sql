SELECT
    date_trunc($grain, local_date)::DATE AS period,
    currency,
    sum(rated_sessions)::BIGINT AS rated_sessions,
    sum(rated_excl_vat)::DOUBLE AS rated,
    sum(billed_sessions)::BIGINT AS billed_sessions,
    sum(billed_excl_vat)::DOUBLE AS billed,
    (sum(rated_wh) / 1000)::DOUBLE AS rated_kwh,
    sum(rated_excl_vat)::DOUBLE / nullif(sum(rated_wh) / 1000, 0) AS rated_per_kwh
FROM mart.revenue_days
WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
GROUP BY period, currency
ORDER BY currency, period
