-- Stations of which anything new was heard: what is open there may end, what lacks its id may find it.
SELECT station_id, min(from_at) AS from_at
FROM (
    SELECT station_id, received_at AS from_at FROM changed_transaction_events
    UNION ALL
    SELECT station_id, received_at FROM changed_readings
    UNION ALL
    SELECT station_id, from_at
    FROM changed_connector_states
    GROUP BY station_id, evse_id, connector_id, from_at, reported_state
    HAVING count(*) % 2 = 1
    UNION ALL
    SELECT station_id, received_at FROM changed_boots
    UNION ALL
    -- Time alone ends a session that nobody stops.
    SELECT station_id, started_at
    FROM core.sessions
    WHERE state = 'active' AND transaction_id IS NULL AND last_received_at < $known_until - INTERVAL 24 HOUR
)
GROUP BY station_id
