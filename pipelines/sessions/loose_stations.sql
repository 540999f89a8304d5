-- Since when the heard stations told of events without an id that are looked at again: stops that name none, and starts
-- that no answer gives one.
SELECT
    station_id,
    min(least(received_at, CASE WHEN event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00' THEN event_at END)) AS from_at
FROM loose_calls
ANTI JOIN (SELECT * FROM answered_starts WHERE transaction_id IS NOT NULL) AS answered USING (collector_id, seq)
WHERE event <> 'answer'
GROUP BY station_id
