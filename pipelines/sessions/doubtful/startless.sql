-- Transactions that are told of, but whose start is not there.
WITH started AS (
    SELECT DISTINCT station_id, unnest(transaction_ids) AS transaction_id FROM starts
),
by_events AS (
    SELECT
        station_id, transaction_id,
        min(happened_at) AS first_at,
        min(received_at) AS first_received_at,
        arg_min(evse_id, place) AS evse_id,
        arg_min(connector_id, place) AS connector_id,
        arg_min(id_token, place) AS id_token,
        arg_min(external_session_id, place) AS external_session_id,
        arg_min(ocpp_version, place) AS ocpp_version,
        arg_min(collector_id, place) AS collector_id,
        arg_min(connection_id, place) AS connection_id,
        count(*) FILTER (event = 'updated') AS updates,
        count(*) FILTER (event = 'ended') AS stops
    FROM doubtful_events
    ANTI JOIN started USING (station_id, transaction_id)
    WHERE transaction_id IS NOT NULL
    GROUP BY station_id, transaction_id
),
unheard AS (
    SELECT touched_transactions.*
    FROM touched_transactions
    ANTI JOIN transactions USING (station_id, transaction_id)
    ANTI JOIN started USING (station_id, transaction_id)
),
by_readings AS (
    SELECT
        station_id, transaction_id,
        min(measured_at) AS first_at,
        min(meter_value.received_at) AS first_received_at,
        arg_min(evse_id, (measured_at, evse_id)) AS evse_id,
        arg_min(connector_id, (measured_at, connector_id)) AS connector_id,
        min(collector_id) AS collector_id
    FROM doubtful_values AS meter_value
    SEMI JOIN (
        SELECT station_id, transaction_id FROM by_events UNION ALL SELECT station_id, transaction_id FROM unheard
    ) USING (station_id, transaction_id)
    -- What a stop brings along is not heard before it.
    ANTI JOIN (SELECT collector_id, seq FROM doubtful_events WHERE event = 'ended') AS stop USING (collector_id, seq)
    WHERE value IS NOT NULL
    GROUP BY station_id, transaction_id
)
SELECT
    station_id,
    transaction_id,
    least(by_events.first_at, by_readings.first_at) AS first_at,
    least(by_events.first_received_at, by_readings.first_received_at) AS first_received_at,
    coalesce(by_events.evse_id, by_readings.evse_id) AS evse_id,
    coalesce(by_events.connector_id, by_readings.connector_id) AS connector_id,
    by_events.id_token,
    by_events.external_session_id,
    coalesce(by_events.ocpp_version, '1.6') AS ocpp_version,
    coalesce(by_events.collector_id, by_readings.collector_id) AS collector_id,
    by_events.connection_id,
    -- Only a stop: it may be another session's.
    by_readings.first_at IS NULL AND coalesce(updates, 0) = 0 AND stops > 0 AS only_stopped
FROM by_events
FULL JOIN by_readings USING (station_id, transaction_id)
WHERE by_readings.first_at IS NOT NULL OR stops > 0 OR updates > 0
