-- The register from reading to reading, summed by quarter-hour: steps within one quarter are one row, a step over a
-- quarter's edge is one of its own. A quarter-hour lies within one hour, day and month of every zone. Numbers stand for
-- transactions and times: what follows is arithmetic on many rows.
WITH numbered AS (
    SELECT
        run_of(station_id, transaction_id) AS run_id,
        epoch_us(measured_at) AS at_us,
        samples[register_place] AS register_wh
    FROM written_readings
    JOIN layouts USING (layout_id)
    WHERE transaction_id IS NOT NULL AND samples[register_place] IS NOT NULL
),
steps AS (
    SELECT
        run_id, at_us,
        lag(at_us) OVER run AS from_us,
        register_wh - lag(register_wh) OVER run AS energy_wh
    FROM numbered
    WINDOW run AS (PARTITION BY run_id ORDER BY at_us, register_wh)
),
flows AS (
    SELECT
        *,
        energy_wh > 0 AS flows,
        greatest(at_us - from_us, 1) AS step_us,
        mean_power_w(energy_wh, greatest(at_us - from_us, 1)) AS power_w
    FROM steps
)
SELECT
    run_id,
    quarter_of(coalesce(from_us, at_us - 1), at_us) AS quarter_no,
    make_timestamptz(min(from_us) FILTER (flows)) AS from_at,
    make_timestamptz(max(at_us) FILTER (flows)) AS to_at,
    CAST(sum(energy_wh) FILTER (flows) AS DECIMAL(18, 6)) AS energy_wh,
    min(energy_wh) AS least_step_wh,
    -- Believed up to 1.1 times the rating plus 100 Wh: how much power each step needs at least.
    CAST(max(power_w - 360000000000 / step_us) AS DECIMAL(38, 3)) AS least_power_w,
    CAST(max(power_w) FILTER (step_us >= 60000000) AS DECIMAL(38, 3)) AS step_power_w,
    CAST(sum(at_us - from_us) FILTER (flows) // 1000 AS BIGINT) AS charging_ms,
    -- The same reading told twice counts once.
    count(*) FILTER (from_us IS NULL OR at_us > from_us) AS readings
FROM flows
GROUP BY ALL
