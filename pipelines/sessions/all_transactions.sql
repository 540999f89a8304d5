-- Every transaction that an event or a reading names.
SELECT station_id, transaction_id FROM all_transaction_events WHERE transaction_id IS NOT NULL
UNION
SELECT station_id, transaction_id FROM all_reading_runs
