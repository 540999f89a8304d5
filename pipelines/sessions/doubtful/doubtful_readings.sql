-- What was read of the transactions that are not plain.
SELECT *
FROM all_readings
SEMI JOIN (
    FROM touched_transactions
    ANTI JOIN (SELECT station_id, transaction_id FROM transactions WHERE is_plain) AS plain
        USING (station_id, transaction_id)
) USING (station_id, transaction_id)
WHERE received_at >= $since
