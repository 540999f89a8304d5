-- A session as it stands, also one that is not billed at all.
SELECT all_sessions.station_id, all_sessions.site_id, time_zone, started_at, ended_at, state, grade
FROM all_sessions
LEFT JOIN registry_sites USING (site_id)
WHERE session_id = $session_id
