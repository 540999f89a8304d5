-- Stations some of whose readings name no transaction.
SELECT DISTINCT station_id FROM all_meter_values WHERE transaction_id IS NULL AND received_at >= $since
