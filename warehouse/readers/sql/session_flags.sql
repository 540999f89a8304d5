WITH flagged AS (
    SELECT unnest(flags) AS flag, started_at, coalesce(time_zone, 'UTC') AS time_zone
    FROM core.sessions
    LEFT JOIN registry.sites USING (site_id)
    WHERE list_contains($sites, site_id) AND len(flags) > 0
)
SELECT flag, count(*) AS sessions
FROM flagged
WHERE timezone(time_zone, started_at)::DATE BETWEEN $first AND $last
GROUP BY flag
ORDER BY sessions DESC, flag
