-- What the heard stations told without an id and is looked at again: stops that name none, and starts that no answer
-- gives one.
SELECT collector_id, seq, station_id, event_at, received_at
FROM loose_calls
ANTI JOIN (SELECT * FROM answered_starts WHERE transaction_id IS NOT NULL) AS answered USING (collector_id, seq)
WHERE event <> 'answer'
