-- The power of each doubtful session: the greatest, and what it sums to over the time it was measured.
WITH phased AS (
    -- The same reading told twice counts once.
    SELECT samples.no, true_at, left(phase, 2) AS phase, max(value) AS power_w
    FROM samples
    JOIN dated USING (no, collector_id, seq, sample_no)
    JOIN edges USING (no)
    WHERE measurand = 'Power.Active.Import' AND value IS NOT NULL AND location = 'Outlet'
      AND true_at >= started_at AND true_at <= coalesce(until_at, 'infinity')
    GROUP BY ALL
),
readings AS (
    SELECT
        no, true_at,
        coalesce(max(power_w) FILTER (phase IS NULL), sum(power_w) FILTER (phase IS NOT NULL)) AS power_w
    FROM phased
    GROUP BY no, true_at
),
stretches AS (
    SELECT
        no, power_w,
        (CAST(power_w AS DOUBLE) + CAST(lag(power_w) OVER session AS DOUBLE)) / 2
            * date_sub('millisecond', lag(true_at) OVER session, true_at) / 3600000 AS energy_wh
    FROM readings
    WINDOW session AS (PARTITION BY no ORDER BY true_at)
)
SELECT
    no,
    CAST(max(power_w) AS DECIMAL(18, 3)) AS power_w,
    avg(CAST(power_w AS DOUBLE)) AS mean_power_w,
    sum(energy_wh) AS energy_wh,
    count(*) AS readings
FROM stretches
GROUP BY no
