-- The events of the touched transactions, and those that name none: starts without an answer, stops without an id.
SELECT * FROM starts_without_id
UNION ALL BY NAME
SELECT *, NULL AS answer_seq
FROM touched_events
WHERE event <> 'answer' AND transaction_id IS NOT NULL AND received_at >= getvariable('since')
UNION ALL BY NAME
SELECT unnamed_events.*, NULL AS answer_seq
FROM unnamed_events
JOIN heard_stations USING (station_id)
WHERE event = 'ended' AND received_at >= loose_since
