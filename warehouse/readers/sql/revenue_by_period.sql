-- Every step between the first and the last with revenue has a row, so that a line breaks where there was none.
WITH sums AS (
    SELECT
        date_trunc($grain, local_date)::DATE AS period,
        currency,
        sum(rated_sessions)::BIGINT AS rated_sessions,
        sum(rated_excl_vat)::DOUBLE AS rated,
        sum(billed_sessions)::BIGINT AS billed_sessions,
        sum(billed_excl_vat)::DOUBLE AS billed,
        (sum(rated_wh) / 1000)::DOUBLE AS rated_kwh
    FROM mart.revenue_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
    GROUP BY period, currency
),
steps AS (
    SELECT DISTINCT currency, date_trunc($grain, day)::DATE AS period
    FROM (SELECT currency, min(period) AS earliest, max(period) AS latest FROM sums GROUP BY currency) AS spans,
        LATERAL unnest(generate_series(earliest::TIMESTAMP, latest::TIMESTAMP, INTERVAL 1 DAY)) AS days(day)
)
SELECT
    period,
    currency,
    rated_sessions,
    rated,
    billed_sessions,
    billed,
    rated_kwh,
    rated / nullif(rated_kwh, 0) AS rated_per_kwh
FROM steps
LEFT JOIN sums USING (period, currency)
ORDER BY currency, period
