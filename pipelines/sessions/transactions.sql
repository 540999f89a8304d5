-- One row a touched transaction that has a start: who, where, from when to when, by its events alone.
-- A repeated start or stop changes nothing: the first one received counts, whatever order the files landed in.
WITH answers AS (
    SELECT collector_id, seq, station_id, message_id, transaction_id
    FROM all_transaction_events
    SEMI JOIN touched_transactions USING (station_id, transaction_id)
    WHERE event = 'answer'
),
starts_without_id AS (
    SELECT * EXCLUDE (transaction_id) FROM all_transaction_events
    SEMI JOIN touched_transactions USING (station_id)
    WHERE event = 'started' AND transaction_id IS NULL
),
answered_starts AS (
    -- Message ids restart with a station's boot: an answer belongs to the last call before it that had its id.
    SELECT starts_without_id.*, answers.transaction_id
    FROM answers
    ASOF JOIN starts_without_id
        ON answers.collector_id = starts_without_id.collector_id
        AND answers.station_id = starts_without_id.station_id
        AND answers.message_id = starts_without_id.message_id
        AND answers.seq >= starts_without_id.seq
),
events AS (
    SELECT * FROM all_transaction_events
    SEMI JOIN touched_transactions USING (station_id, transaction_id)
    WHERE event <> 'answer'
    UNION ALL BY NAME
    SELECT * FROM answered_starts
),
ordered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY station_id, transaction_id ORDER BY received_at, collector_id, seq
        ) AS place
    FROM events
)
SELECT
    station_id,
    transaction_id,
    arg_min(evse_id, place) AS evse_id,
    arg_min(connector_id, place) AS connector_id,
    -- Whoever stops it may be another person of the same group.
    arg_min(id_token, place) FILTER (event <> 'ended') AS id_token,
    arg_min(external_session_id, place) AS external_session_id,
    arg_min(coalesce(event_at, received_at), place) FILTER (event = 'started') AS started_at,
    arg_min(coalesce(event_at, received_at), place) FILTER (event = 'ended') AS ended_at,
    arg_min(register_wh, place) FILTER (event = 'started') AS meter_start_wh,
    arg_min(register_wh, place) FILTER (event = 'ended') AS meter_stop_wh,
    arg_min(stop_reason, place) FILTER (event = 'ended') AS stop_reason,
    arg_min(collector_id, place) AS collector_id,
    arg_min(connection_id, place) AS connection_id,
    min(received_at) AS first_received_at,
    max(received_at) AS last_received_at
FROM ordered
GROUP BY station_id, transaction_id
HAVING count(*) FILTER (event = 'started') > 0
