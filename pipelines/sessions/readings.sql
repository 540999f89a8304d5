-- Readings of the sessions: the register at each time, and power. Registers of single phases and of other places
-- than the outlet are no session's energy.
SELECT
    session_id,
    measured_at,
    max(value) FILTER (is_register AND context = 'Transaction.Begin') AS begin_wh,
    max(value) FILTER (is_register AND context = 'Transaction.End') AS end_wh,
    -- The begin reading is repeated in every set by some stations, with the set's time: it is no reading of that time.
    max(value) FILTER (is_register AND context NOT IN ('Transaction.Begin', 'Transaction.End')) AS register_wh,
    max(value) FILTER (NOT is_register) AS power_w,
    max(meter_value.received_at) AS last_received_at
FROM (
    SELECT *, measurand = 'Energy.Active.Import.Register' AS is_register
    FROM all_meter_values
    WHERE measurand IN ('Energy.Active.Import.Register', 'Power.Active.Import')
      AND phase IS NULL AND location = 'Outlet' AND transaction_id IS NOT NULL
      AND received_at >= $since
) AS meter_value
JOIN session_frame USING (station_id, transaction_id)
-- Ids of transactions are used again: a reading from more than a day before belongs to an earlier one.
WHERE meter_value.received_at >= session_frame.first_received_at - INTERVAL 1 DAY
GROUP BY session_id, measured_at
