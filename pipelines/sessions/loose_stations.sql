-- Since when the heard stations told of events without an id that are looked at again.
SELECT
    station_id,
    min(least(received_at, CASE WHEN event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00' THEN event_at END)) AS from_at
FROM all_transaction_events
JOIN heard_stations USING (station_id)
WHERE event IN ('started', 'ended') AND transaction_id IS NULL
  AND received_at >= $loose_since AND received_at >= loose_since
GROUP BY station_id
