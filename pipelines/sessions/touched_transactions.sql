-- Transactions that something new says anything about: an event, a reading, the start behind an answer, the clock of
-- their connection, their station in the registry.
WITH told AS (
    SELECT station_id, transaction_id FROM changed_transaction_events WHERE transaction_id IS NOT NULL
    UNION ALL
    SELECT station_id, transaction_id FROM changed_meter_values WHERE transaction_id IS NOT NULL
),
started AS (
    -- A 1.6 start does not know its transaction; the answer may have landed before it.
    SELECT answer.station_id, answer.transaction_id
    FROM changed_transaction_events AS start
    JOIN all_transaction_events AS answer USING (collector_id, station_id, message_id)
    WHERE start.event = 'started' AND start.transaction_id IS NULL
      AND answer.event = 'answer' AND answer.transaction_id IS NOT NULL
),
connected AS (
    -- Only a replay's connection changes what is said of its sessions.
    SELECT event.station_id, event.transaction_id
    FROM changed_connections AS connection
    JOIN all_transaction_events AS event USING (collector_id, connection_id)
    WHERE connection.clock = 'replay' AND connection.event = 'opened' AND event.transaction_id IS NOT NULL
),
registered AS (
    SELECT event.station_id, event.transaction_id
    FROM all_transaction_events AS event
    SEMI JOIN (
        SELECT row_key ->> 0 AS station_id
        FROM changed_registry_history
        WHERE table_name IN ('stations', 'connectors')
    ) USING (station_id)
    WHERE event.transaction_id IS NOT NULL
)
SELECT station_id, transaction_id FROM told
UNION SELECT station_id, transaction_id FROM started
UNION SELECT station_id, transaction_id FROM connected
UNION SELECT station_id, transaction_id FROM registered
