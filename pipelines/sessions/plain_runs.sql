-- What has been read of the plain transactions: a row for each refresh that has read any of it.
SELECT
    plain.no,
    run.* EXCLUDE (station_id, transaction_id),
    count(*) OVER (PARTITION BY plain.no) > 1 AS is_one_of_several
FROM touched_runs AS run
JOIN plain_transactions AS plain USING (station_id, transaction_id)
