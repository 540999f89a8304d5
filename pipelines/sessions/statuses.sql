-- What new frames say of connectors. Connector 0 (1.6) and EVSE 0 (2.x) stand for the station as
-- a whole and are no connectors.
WITH frames AS (
    SELECT
        collector_id, seq, station_id, received_at,
        TRY(from_json(payload, '{
            "connectorId": "VARCHAR", "evseId": "VARCHAR", "status": "VARCHAR", "connectorStatus": "VARCHAR",
            "errorCode": "VARCHAR", "timestamp": "VARCHAR"
        }')) AS body
    FROM new_messages
    WHERE direction = 'in' AND message_type IN (2, 6) AND action = 'StatusNotification'
),
-- MATERIALIZED: the conditions below would parse each frame twice.
told AS MATERIALIZED (
    SELECT
        collector_id, seq, station_id, received_at,
        try_cast(coalesce(body.evseId, body.connectorId) AS INTEGER) AS evse_id,
        try_cast(body.connectorId AS INTEGER) AS connector_id,
        lower(trim(coalesce(body.connectorStatus, body.status))) AS reported_state,
        -- DuckLake's catalog cannot hold a NUL.
        nullif(nullif(trim(replace(body.errorCode, chr(0), '')), ''), 'NoError') AS error_code,
        -- Only what starts with a date: DuckDB would take words such as `now` and `today` for times.
        try_cast(regexp_extract(trim(body.timestamp), '^\d{4}-\d\d-\d\d.*') AS TIMESTAMPTZ) AS told_at
    FROM frames
)
SELECT
    collector_id, seq, station_id, evse_id, connector_id, reported_state, error_code,
    -- The station's own time, if it can be: a queue is a week old at most, a good clock five minutes ahead.
    CASE WHEN told_at BETWEEN received_at - INTERVAL 7 DAY AND received_at + INTERVAL 5 MINUTE
         THEN told_at ELSE received_at END AS happened_at,
    received_at
FROM told
WHERE evse_id > 0 AND connector_id > 0
  AND reported_state IN ('available', 'preparing', 'charging', 'suspendedev', 'suspendedevse', 'finishing', 'reserved',
                         'unavailable', 'faulted', 'occupied')
