-- The events of the touched transactions.
SELECT *
FROM all_transaction_events
SEMI JOIN touched_transactions USING (station_id, transaction_id)
WHERE received_at >= $since AND seq BETWEEN $first_seq AND $last_seq
