-- Since when the heard stations told of events without an id that are looked at again: stops that name none, and starts
-- that no answer belongs to (see `starts`).
WITH told AS (
    SELECT collector_id, seq, station_id, message_id, event, event_at, received_at
    FROM all_transaction_events
    JOIN heard_stations USING (station_id)
    WHERE event IN ('started', 'ended', 'answer') AND (event = 'answer' OR transaction_id IS NULL)
      AND received_at >= $loose_since AND received_at >= loose_since
),
answered AS (
    SELECT starts.collector_id, starts.seq
    FROM (SELECT collector_id, station_id, message_id, seq FROM told WHERE event = 'answer') AS answers
    ASOF JOIN (SELECT collector_id, station_id, message_id, seq FROM told WHERE event = 'started') AS starts
        ON answers.collector_id = starts.collector_id
        AND answers.station_id = starts.station_id
        AND answers.message_id = starts.message_id
        AND answers.seq >= starts.seq
)
SELECT
    station_id,
    min(least(received_at, CASE WHEN event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00' THEN event_at END)) AS from_at
FROM told
ANTI JOIN answered USING (collector_id, seq)
WHERE event <> 'answer'
GROUP BY station_id
