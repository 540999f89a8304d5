-- What the heard stations told without an id since then, and the answers that may bring one.
SELECT collector_id, seq, station_id, message_id, event, transaction_id, event_at, received_at
FROM unnamed_events
JOIN heard_stations USING (station_id)
WHERE received_at >= loose_since
