-- The events of doubtful transactions, and those that name none, in the order in which they were received.
-- `happened_at` is the station's time where it can be one, else the receipt.
SELECT
    events.*,
    likely_time(event_at, received_at) AS happened_at,
    row_number() OVER (ORDER BY received_at, collector_id, seq) AS place
FROM events
ANTI JOIN (SELECT station_id, transaction_id FROM transactions WHERE is_plain) AS plain USING (station_id, transaction_id)
