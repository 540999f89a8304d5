-- Readings that name no transaction.
SELECT station_id, evse_id, measured_at
FROM all_meter_values
WHERE transaction_id IS NULL
  AND measurand IN ('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Power.Active.Import')
  AND received_at >= $since
