-- The starts of the touched transactions in OCPP 1.6, and those that name none. A start learns its transaction from the
-- answer to it.
WITH starts AS (
    SELECT * EXCLUDE (transaction_id) FROM unnamed_events WHERE event = 'started'
),
known AS (
    SELECT starts.*, answered.transaction_id AS own_transaction_id, answered.answer_seq
    FROM starts
    LEFT JOIN answered_starts AS answered USING (collector_id, seq)
),
said_before AS (
    -- A start that is said again (8) and not answered again is the one that was answered.
    SELECT station_id, evse_id, id_token, event_at, register_wh, min(own_transaction_id) AS transaction_id
    FROM known
    SEMI JOIN (SELECT * FROM known WHERE own_transaction_id IS NULL) AS unanswered USING (station_id, event_at)
    WHERE own_transaction_id IS NOT NULL AND event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00'
    GROUP BY ALL
),
same_frame AS (
    -- The very same frame, kept twice.
    SELECT collector_id, station_id, message_id, received_at, min(own_transaction_id) AS transaction_id
    FROM known
    SEMI JOIN (SELECT * FROM known WHERE own_transaction_id IS NULL) AS unanswered USING (station_id, received_at)
    WHERE own_transaction_id IS NOT NULL
    GROUP BY ALL
),
unanswered AS (
    SELECT known.*, coalesce(same_frame.transaction_id, said_before.transaction_id) AS transaction_id
    FROM known
    LEFT JOIN same_frame USING (collector_id, station_id, message_id, received_at)
    LEFT JOIN said_before
        ON said_before.station_id = known.station_id
        AND said_before.evse_id IS NOT DISTINCT FROM known.evse_id
        AND said_before.id_token IS NOT DISTINCT FROM known.id_token
        AND said_before.event_at = known.event_at
        AND said_before.register_wh IS NOT DISTINCT FROM known.register_wh
    WHERE own_transaction_id IS NULL
)
SELECT * EXCLUDE (own_transaction_id), own_transaction_id AS transaction_id
FROM known
SEMI JOIN touched_transactions
    ON touched_transactions.station_id = known.station_id
    AND touched_transactions.transaction_id = known.own_transaction_id
UNION ALL BY NAME
SELECT unanswered.* EXCLUDE (own_transaction_id)
FROM unanswered
JOIN heard_stations USING (station_id)
LEFT JOIN touched_transactions USING (station_id, transaction_id)
-- Without an id it is looked at again whenever its station is heard.
WHERE touched_transactions.station_id IS NOT NULL
   OR unanswered.transaction_id IS NULL AND unanswered.received_at >= heard_stations.loose_since
