-- A start whose answer is not there, and a transaction whose start is not there, on one connector: the same session.
WITH pairs AS (
    SELECT starts.begin_key, starts.own_id, startless.station_id, startless.transaction_id, startless.first_at, starts.happened_at
    FROM startless
    JOIN starts
        ON starts.station_id = startless.station_id
        AND starts.transaction_id IS NULL
        AND (startless.evse_id IS NULL OR starts.evse_id IS NULL OR startless.evse_id = starts.evse_id)
        AND (startless.id_token IS NULL OR starts.id_token IS NULL OR startless.id_token = starts.id_token)
        AND starts.happened_at BETWEEN startless.first_at - INTERVAL 7 DAY AND startless.first_at + INTERVAL 5 MINUTE
    WHERE NOT startless.only_stopped
),
nearest AS (
    SELECT * FROM pairs
    QUALIFY row_number() OVER (
        PARTITION BY station_id, transaction_id ORDER BY happened_at DESC, own_id
    ) = 1
)
SELECT begin_key, station_id, transaction_id
FROM nearest
QUALIFY row_number() OVER (PARTITION BY begin_key ORDER BY first_at, transaction_id) = 1
