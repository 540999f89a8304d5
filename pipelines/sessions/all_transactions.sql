-- Every transaction that an event or a reading names.
WITH named AS (
    SELECT DISTINCT station_id, transaction_id FROM all_transaction_events WHERE transaction_id IS NOT NULL
)
SELECT station_id, transaction_id FROM named
UNION ALL
SELECT DISTINCT station_id, transaction_id
FROM all_meter_values
ANTI JOIN named USING (station_id, transaction_id)
WHERE transaction_id IS NOT NULL
