SELECT
    sessions.*,
    coalesce(sites.name, 'Unregistered stations') AS site,
    coalesce(sites.time_zone, 'UTC') AS time_zone,
    timezone(coalesce(sites.time_zone, 'UTC'), started_at) AS local_start,
    timezone(coalesce(sites.time_zone, 'UTC'), ended_at) AS local_end,
    (energy_wh / 1000)::DOUBLE AS energy_kwh,
    (max_power_w / 1000)::DOUBLE AS max_power_kw,
    date_diff('second', started_at, ended_at) AS duration_seconds
FROM core.sessions AS sessions
LEFT JOIN registry.sites AS sites USING (site_id)
WHERE session_id = $session_id OR external_session_id = $session_id
ORDER BY session_id
LIMIT 1
