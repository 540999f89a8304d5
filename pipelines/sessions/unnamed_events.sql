-- Events that name no transaction, or are the answer to one that does not: starts of OCPP 1.6, stops without an id.
SELECT *
FROM all_transaction_events
WHERE event IN ('answer', 'started', 'ended') AND (event = 'answer' OR transaction_id IS NULL)
  AND received_at >= getvariable('since') AND station_id IN (SELECT station_id FROM heard_stations)
