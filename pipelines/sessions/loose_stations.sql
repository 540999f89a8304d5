-- Since when the heard stations told of events without an id that are looked at again.
SELECT
    station_id,
    min(least(received_at, CASE WHEN event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00' THEN event_at END)) AS from_at
FROM loose_events
GROUP BY station_id
