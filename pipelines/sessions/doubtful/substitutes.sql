-- Where there are no two registers: the sum of interval values, else integrated power (32).
WITH without_registers AS (
    SELECT edges.*
    FROM edges
    ANTI JOIN register_steps USING (no)
),
sampled AS (
    SELECT samples.no, measurand, true_at, max(value) AS value
    FROM samples
    JOIN dated USING (no, collector_id, seq, sample_no)
    JOIN without_registers USING (no)
    WHERE phase IS NULL AND value IS NOT NULL
      AND measurand IN ('Energy.Active.Import.Interval', 'Power.Active.Import')
      AND true_at >= without_registers.started_at AND true_at <= coalesce(without_registers.until_at, 'infinity')
    GROUP BY ALL
),
intervals AS (
    SELECT
        no,
        coalesce(lag(true_at) OVER (PARTITION BY no ORDER BY true_at), started_at) AS from_at,
        true_at AS to_at,
        value AS energy_wh,
        'intervals' AS energy_source
    FROM sampled
    JOIN without_registers USING (no)
    WHERE measurand = 'Energy.Active.Import.Interval'
),
powers AS (
    SELECT
        no,
        lag(true_at) OVER session AS from_at,
        true_at AS to_at,
        CAST((CAST(lag(value) OVER session AS DOUBLE) + CAST(value AS DOUBLE)) / 2
             * date_sub('millisecond', lag(true_at) OVER session, true_at) / 3600000 AS DECIMAL(18, 6)) AS energy_wh,
        'power' AS energy_source
    FROM sampled
    ANTI JOIN intervals USING (no)
    WHERE measurand = 'Power.Active.Import'
    WINDOW session AS (PARTITION BY no ORDER BY true_at)
)
SELECT * FROM intervals
UNION ALL
SELECT * FROM powers WHERE energy_wh IS NOT NULL
