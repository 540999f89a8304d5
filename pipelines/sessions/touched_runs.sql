-- What has been read of the touched transactions: a row for each of them and each refresh that has read any of it.
SELECT * FROM all_reading_runs SEMI JOIN touched_transactions USING (station_id, transaction_id)
