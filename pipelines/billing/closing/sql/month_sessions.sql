-- Sessions of the operator's sites that began in the month, by the local time of each site.
SELECT
    sessions.session_id,
    sessions.site_id,
    sessions.state,
    sessions.grade,
    sessions.flags,
    sessions.energy_source,
    sessions.begin_register_wh,
    sessions.end_register_wh,
    coalesce(sessions.energy_wh, 0) AS energy_wh
FROM core.sessions AS sessions
JOIN registry.sites AS sites USING (site_id)
-- A day either side of the month holds every zone; it lets the scan skip the other files.
WHERE sites.operator_id = $operator
    AND sessions.started_at >= CAST($month AS TIMESTAMPTZ) - INTERVAL 1 DAY
    AND sessions.started_at < CAST($next_month AS TIMESTAMPTZ) + INTERVAL 1 DAY
    AND date_trunc('month', timezone(sites.time_zone, sessions.started_at)) = CAST($month AS DATE)
