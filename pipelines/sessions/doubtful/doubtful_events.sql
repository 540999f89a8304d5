-- The events of doubtful transactions, and those that name none, in the order in which they were received.
-- `happened_at` is the station's time where it can be one, else the receipt.
SELECT
    events.*,
    CASE WHEN event_at BETWEEN TIMESTAMPTZ '2010-01-01 00:00:00+00' AND received_at + INTERVAL 1 DAY THEN event_at
         ELSE received_at END AS happened_at,
    row_number() OVER (ORDER BY received_at, collector_id, seq) AS place
FROM events
ANTI JOIN (SELECT station_id, transaction_id FROM transactions WHERE is_plain) AS plain USING (station_id, transaction_id)
