-- What new frames say of connectors. Connector 0 (1.6) and EVSE 0 (2.x) stand for the station as a whole and are no
-- connectors.
WITH told AS (
    SELECT
        collector_id, seq, station_id, evse_id, connector_id,
        lower(trim(told_state)) AS reported_state,
        -- DuckLake's catalog cannot hold a NUL.
        nullif(nullif(trim(replace(error_code, chr(0), '')), ''), 'NoError') AS error_code,
        event_at AS told_at,
        received_at
    FROM parsed_events
    WHERE told_state IS NOT NULL
)
SELECT
    collector_id, seq, station_id, evse_id, connector_id, reported_state, error_code,
    -- The station's own time, if it can be: a queue is a week old at most, a good clock five minutes ahead.
    CASE WHEN told_at BETWEEN received_at - to_hours(7 * 24) AND received_at + INTERVAL 5 MINUTE
         THEN told_at ELSE received_at END AS happened_at,
    received_at
FROM told
WHERE evse_id > 0 AND connector_id > 0
  AND reported_state IN ('available', 'preparing', 'charging', 'suspendedev', 'suspendedevse', 'finishing', 'reserved',
                         'unavailable', 'faulted', 'occupied')
