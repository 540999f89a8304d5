-- The register of plain transactions from reading to reading, summed by quarter-hour: steps within one quarter are one
-- row, a step over a quarter's edge is one of its own. A quarter-hour lies within one hour, day and month of every zone.
WITH readings AS (
    SELECT plain.no, measured_at, value AS register_wh, context
    FROM all_meter_values AS meter_value
    JOIN plain_transactions AS plain USING (station_id, transaction_id)
    WHERE measurand = 'Energy.Active.Import.Register' AND phase IS NULL AND location = 'Outlet' AND value IS NOT NULL
      AND meter_value.received_at >= $since
),
numbered AS (
    -- Microseconds: what follows is arithmetic on many rows.
    SELECT no, epoch_us(measured_at) AS at_us, register_wh, context FROM readings
),
steps AS (
    SELECT
        no, at_us, register_wh, context,
        lag(at_us) OVER session AS from_us,
        register_wh - lag(register_wh) OVER session AS energy_wh,
        lead(at_us) OVER session IS NULL AS is_last
    FROM numbered
    WINDOW session AS (PARTITION BY no ORDER BY at_us, register_wh)
),
flows AS (
    SELECT
        *,
        energy_wh > 0 AS flows,
        3600000000 * CAST(energy_wh AS DOUBLE) / greatest(at_us - from_us, 1) AS power_w
    FROM steps
)
SELECT
    no,
    make_timestamptz(min(from_us) FILTER (flows)) AS from_at,
    make_timestamptz(max(at_us) FILTER (flows)) AS to_at,
    CAST(sum(energy_wh) FILTER (flows) AS DECIMAL(18, 6)) AS energy_wh,
    min(energy_wh) AS least_step_wh,
    -- Believed up to 1.1 times the rating plus 100 Wh: how much power each step needs at least.
    max(power_w - 360000000000 / greatest(at_us - from_us, 1)) AS least_power_w,
    max(power_w) FILTER (at_us - from_us >= 60000000) AS step_power_w,
    CAST(sum(at_us - from_us) FILTER (flows) // 1000 AS BIGINT) AS charging_ms,
    -- The same reading told twice counts once.
    count(*) FILTER (from_us IS NULL OR at_us > from_us) AS readings,
    count(*) FILTER (context NOT IN ('Transaction.Begin', 'Transaction.End')) AS readings_between,
    make_timestamptz(min(at_us) FILTER (from_us IS NULL)) AS first_at,
    min(register_wh) FILTER (from_us IS NULL) AS first_wh,
    make_timestamptz(max(at_us) FILTER (is_last)) AS last_at,
    max(register_wh) FILTER (is_last) AS last_wh,
    min(register_wh) FILTER (context = 'Transaction.Begin') AS begin_wh,
    max(register_wh) FILTER (context = 'Transaction.End') AS end_wh
FROM flows
GROUP BY
    no,
    CASE WHEN from_us // 900000000 = (at_us - 1) // 900000000 THEN from_us // 900000000 ELSE at_us END
