-- What else was measured during plain transactions, and what is odd about any of their samples.
SELECT
    no,
    max(value) FILTER (is_power) AS power_w,
    avg(CAST(value AS DOUBLE)) FILTER (is_power) AS mean_power_w,
    count(*) FILTER (is_power) AS power_readings,
    bool_or(NOT is_power AND (phase IS NOT NULL OR location <> 'Outlet' OR measurand <> 'Energy.Active.Import.Register'))
        AS has_other_registers,
    bool_or(meter_value.breaks_schema IS NOT NULL OR value IS NULL) AS has_defects,
    bool_or(meter_value.evse_id <> plain.evse_id) AS is_elsewhere,
    max(meter_value.received_at) AS last_received_at,
    max(measured_at) AS last_at
FROM (
    SELECT *, measurand = 'Power.Active.Import' AND phase IS NULL AND location = 'Outlet' AS is_power
    FROM all_meter_values
    WHERE measurand IN ('Energy.Active.Import.Register', 'Energy.Active.Import.Interval', 'Power.Active.Import')
      AND received_at >= $since
) AS meter_value
JOIN plain_transactions AS plain USING (station_id, transaction_id)
GROUP BY no
