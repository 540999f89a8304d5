-- Since when events without an id may belong to what is made anew, however old it is: to touched sessions, and to those
-- of a start without an answer that are not settled yet.
SELECT station_id, min(started_at) - INTERVAL 1 DAY AS loose_since
FROM (
    SELECT station_id, started_at FROM core.sessions SEMI JOIN linked_sessions USING (session_id)
    UNION ALL
    SELECT station_id, started_at
    FROM unsettled_sessions
    JOIN touched_since USING (station_id)
    WHERE transaction_id IS NULL AND settled_at >= from_at
)
GROUP BY station_id
