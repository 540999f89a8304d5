-- All that was read of the plain transactions of which several refreshes have read.
SELECT readings.*
FROM all_readings AS readings
SEMI JOIN (
    SELECT station_id, transaction_id
    FROM plain_transactions
    WHERE no IN (SELECT no FROM plain_runs WHERE is_one_of_several)
) AS several USING (station_id, transaction_id)
WHERE received_at >= getvariable('readings_since')
