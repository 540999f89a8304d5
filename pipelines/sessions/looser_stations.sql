-- Sessions that are made anew: events without an id may belong to them, however old they are.
SELECT station_id, min(started_at) - INTERVAL 1 DAY AS loose_since
FROM core.sessions
SEMI JOIN linked_sessions USING (session_id)
GROUP BY station_id
