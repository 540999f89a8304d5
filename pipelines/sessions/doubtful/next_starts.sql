-- The next start on the connector of each doubtful session (9).
WITH station_starts AS (
    SELECT
        station_id, evse_id, collector_id, seq, received_at,
        likely_time(event_at, received_at) AS happened_at
    FROM all_transaction_events
    WHERE event = 'started' AND station_id IN (SELECT station_id FROM begins)
      -- Nothing happens later than a day after its receipt, as `likely_time` has it.
      AND received_at >= CAST($first_begin AS TIMESTAMPTZ) - INTERVAL 1 DAY
)
SELECT
    begins.begin_key,
    arg_min(start.happened_at, (start.happened_at, start.collector_id, start.seq)) AS next_start_at,
    arg_min({'collector_id': start.collector_id, 'seq': start.seq}, (start.happened_at, start.collector_id, start.seq))
        AS next_start_frame
FROM begins
JOIN station_starts AS start
    ON start.station_id = begins.station_id
    AND start.evse_id = begins.evse_id
    AND start.happened_at > begins.happened_at
GROUP BY begins.begin_key
