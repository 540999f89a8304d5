-- Signed energy beside all energy, by site and month of the sessions' starts.
WITH placed AS (
    SELECT
        sessions.session_id,
        sessions.site_id,
        coalesce(sites.name, 'Unregistered stations') AS site,
        CAST(timezone(coalesce(sites.time_zone, 'UTC'), sessions.started_at) AS DATE) AS local_date,
        sessions.energy_wh
    FROM core.sessions AS sessions
    LEFT JOIN registry.sites AS sites USING (site_id)
    WHERE sessions.state <> 'active' AND list_contains($sites, sessions.site_id)
),
rated AS (
    SELECT session_id, sum(energy_wh) AS energy_wh
    FROM billing.cdrs
    GROUP BY session_id
)
SELECT
    CAST(date_trunc('month', local_date) AS DATE) AS month,
    site_id,
    site,
    count(*) AS sessions,
    coalesce(sum(placed.energy_wh) / 1000, 0)::DOUBLE AS energy_kwh,
    coalesce(sum(rated.energy_wh) / 1000, 0)::DOUBLE AS rated_kwh,
    coalesce(sum(signed.energy_wh) FILTER (WHERE signed.billable) / 1000, 0)::DOUBLE AS signed_kwh,
    sum(signed.energy_wh) FILTER (WHERE signed.billable)::DOUBLE / nullif(sum(placed.energy_wh), 0)::DOUBLE AS signed_share,
    count(*) FILTER (WHERE signed.billable) AS billable,
    count(*) FILTER (WHERE signed.verdict = 'valid') AS valid,
    count(*) FILTER (WHERE signed.verdict = 'unverifiable') AS unverifiable,
    count(*) FILTER (WHERE signed.verdict = 'unreadable') AS unreadable,
    count(*) FILTER (WHERE signed.verdict = 'invalid') AS invalid,
    count(*) FILTER (WHERE signed.verdict IS NULL) AS unsigned
FROM placed
LEFT JOIN core.signed_sessions AS signed USING (session_id)
LEFT JOIN rated USING (session_id)
WHERE local_date BETWEEN $first AND $last
GROUP BY ALL
ORDER BY month DESC, site, site_id
