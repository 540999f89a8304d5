-- Since when the transactions that are not plain were read, and whether all that was is among the new readings.
SELECT
    station_id,
    transaction_id,
    min(first_received_at) AS first_received_at,
    $only_new AND bool_and(run_id IN (SELECT run_id FROM new_reading_runs)) AS is_new
FROM touched_runs
ANTI JOIN (SELECT station_id, transaction_id FROM transactions WHERE is_plain) AS plain USING (station_id, transaction_id)
GROUP BY station_id, transaction_id
