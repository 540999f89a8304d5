-- Stations of which anything new was heard: what is open there may end, what lacks its id may find it. `from_at` is the
-- receipt, or the station's own time where that is earlier: what an offline station kept for weeks is new, and old.
SELECT station_id, min(least(from_at, told_at)) AS from_at
FROM (
    SELECT
        station_id, received_at AS from_at,
        CASE WHEN event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00' THEN event_at END AS told_at
    FROM news_events
    UNION ALL
    SELECT station_id, received_at, from_at FROM news_readings
    UNION ALL
    SELECT station_id, from_at, from_at FROM news_states
    UNION ALL
    SELECT station_id, received_at, received_at FROM changed_boots
    UNION ALL
    -- What came over a replay's connection is of the past.
    SELECT station_id, happened_at, happened_at FROM changed_connections WHERE clock = 'replay' AND event = 'opened'
    UNION ALL
    -- Time alone ends a session that nobody stops.
    SELECT station_id, started_at, started_at
    FROM core.sessions
    WHERE state = 'active' AND transaction_id IS NULL AND last_received_at < $known_until - INTERVAL 24 HOUR
)
GROUP BY station_id
