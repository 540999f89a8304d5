WITH wanted AS (
    -- The station bounds the search: steps are sorted by it.
    SELECT session_id, station_id, coalesce(time_zone, 'UTC') AS time_zone
    FROM core.sessions
    LEFT JOIN registry.sites USING (site_id)
    WHERE session_id = $session_id
)
SELECT
    step_no,
    timezone(time_zone, from_at) AS local_from,
    timezone(time_zone, to_at) AS local_to,
    (steps.energy_wh / 1000)::DOUBLE AS energy_kwh,
    steps.energy_wh::DOUBLE * 3600 / nullif(date_diff('millisecond', from_at, to_at), 0) AS power_kw,
    measured
FROM core.energy_steps AS steps
JOIN wanted USING (station_id, session_id)
ORDER BY step_no
