-- Readings that name no transaction.
SELECT station_id, evse_id, measured_at
FROM all_readings
SEMI JOIN layouts USING (layout_id)
WHERE transaction_id IS NULL AND received_at >= $since
