-- How the engine saw the session: its place, its tariff, or the reason why it has no price.
SELECT station_id, site_id, time_zone, started_at, ended_at, tariff_id, tariff_version, reason, session_no
FROM billing_candidates
LEFT JOIN sessions_to_rate USING (session_id)
WHERE session_id = $session_id
