-- The events of the touched transactions, and those that name none: starts without an answer, stops without an id.
SELECT * FROM starts_without_id
UNION ALL BY NAME
SELECT *, NULL AS answer_seq
FROM touched_events
WHERE event <> 'answer' AND transaction_id IS NOT NULL AND received_at >= getvariable('since')
UNION ALL BY NAME
SELECT *, NULL AS answer_seq
FROM all_transaction_events
WHERE event = 'ended' AND transaction_id IS NULL
  AND received_at >= getvariable('loose_since') AND station_id IN (SELECT station_id FROM heard_stations)
