-- The transactions of answered starts that were told again and not answered (8): by the station's own time, whatever its
-- clock, as `starts` ties them.
SELECT DISTINCT start.station_id, answered.transaction_id
FROM loose_calls AS start
JOIN answered_starts AS answered USING (collector_id, seq)
SEMI JOIN loose_events AS again ON again.station_id = start.station_id AND again.event_at = start.event_at
ANTI JOIN touched_transactions
    ON touched_transactions.station_id = start.station_id
    AND touched_transactions.transaction_id = answered.transaction_id
WHERE answered.transaction_id IS NOT NULL
