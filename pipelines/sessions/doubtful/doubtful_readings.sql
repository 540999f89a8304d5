-- What was read of the transactions that are not plain. The new ones need not be searched for among all.
SELECT *
FROM all_readings
SEMI JOIN (SELECT * FROM doubtful_runs WHERE NOT is_new) AS old USING (station_id, transaction_id)
WHERE received_at >= CAST($old_since AS TIMESTAMPTZ)
UNION ALL
SELECT * FROM new_readings SEMI JOIN (SELECT * FROM doubtful_runs WHERE is_new) AS new USING (station_id, transaction_id)
