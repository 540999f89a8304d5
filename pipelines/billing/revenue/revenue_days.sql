-- One row per site, currency and local day. A session without a price counts in the site's own currency.
WITH bounds AS (
    -- No zone is further than 14 hours from UTC: a day either side holds every session of the touched days.
    SELECT min(local_date) - INTERVAL 1 DAY AS first_at, max(local_date) + INTERVAL 2 DAY AS last_at
    FROM revenue_touched
),
billed AS (
    SELECT cdr_id, sum(amount_excl_vat) AS amount FROM all_invoice_draft_lines GROUP BY cdr_id
),
rated AS (
    SELECT
        site_id,
        local_date,
        currency,
        count(*) AS rated_sessions,
        sum(total_excl_vat) AS rated_excl_vat,
        sum(energy_wh) AS rated_wh,
        count(billed.cdr_id) AS billed_sessions,
        sum(billed.amount) AS billed_excl_vat
    FROM all_cdrs
    SEMI JOIN revenue_touched USING (site_id, local_date)
    LEFT JOIN billed USING (cdr_id)
    GROUP BY ALL
),
ended AS (
    SELECT site_id, session_id, CAST(timezone(time_zone, started_at) AS DATE) AS local_date, currency
    FROM all_sessions
    JOIN revenue_sites USING (site_id)
    LEFT JOIN standing_decisions USING (session_id)
    WHERE state <> 'active' AND (grade IN ('ok', 'suspect') OR coalesce(standing = 'release', false))
        AND started_at >= (SELECT first_at FROM bounds) AND started_at < (SELECT last_at FROM bounds)
),
unpriced AS (
    SELECT site_id, local_date, currency, count(*) AS unpriced_sessions
    FROM ended
    SEMI JOIN revenue_touched USING (site_id, local_date)
    ANTI JOIN all_cdrs USING (session_id)
    GROUP BY ALL
)
SELECT
    site_id,
    local_date,
    currency,
    coalesce(rated_sessions, 0) AS rated_sessions,
    CAST(coalesce(rated_excl_vat, 0) AS DECIMAL(18, 4)) AS rated_excl_vat,
    CAST(coalesce(rated_wh, 0) AS DECIMAL(18, 6)) AS rated_wh,
    coalesce(billed_sessions, 0) AS billed_sessions,
    CAST(coalesce(billed_excl_vat, 0) AS DECIMAL(18, 4)) AS billed_excl_vat,
    coalesce(unpriced_sessions, 0) AS unpriced_sessions
FROM rated
FULL JOIN unpriced USING (site_id, local_date, currency)
