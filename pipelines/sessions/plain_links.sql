-- Where several refreshes have read of one transaction: the step from the last reading of the one to the first of the
-- next, in the columns of `plain_quarters`.
WITH several AS (
    SELECT no FROM plain_runs GROUP BY no HAVING count(*) > 1
),
bounds AS (
    SELECT
        no, run_id,
        min(first_at) AS first_at, min(least_wh) AS first_wh, max(last_at) AS last_at, max(greatest_wh) AS last_wh
    FROM plain_quarters
    SEMI JOIN several USING (no)
    GROUP BY no, run_id
),
followed AS (
    SELECT
        no, run_id,
        lag(last_at) OVER session AS from_at,
        lag(last_wh) OVER session AS from_wh,
        first_at AS to_at,
        first_wh AS to_wh
    FROM bounds
    WINDOW session AS (PARTITION BY no ORDER BY first_at, last_at, run_id)
),
links AS (
    SELECT
        no, run_id, from_at, to_at, from_wh, to_wh,
        to_wh - from_wh AS energy_wh,
        to_at < from_at AS is_overlapping,
        greatest(epoch_us(to_at) - epoch_us(from_at), 1) AS step_us
    FROM followed
    WHERE from_at IS NOT NULL
)
SELECT
    no, run_id,
    quarter_of(epoch_us(from_at), epoch_us(to_at)) AS quarter_no,
    CASE WHEN energy_wh > 0 THEN from_at END AS from_at,
    CASE WHEN energy_wh > 0 THEN to_at END AS to_at,
    CASE WHEN energy_wh > 0 THEN CAST(energy_wh AS DECIMAL(18, 6)) END AS energy_wh,
    CAST(energy_wh AS DECIMAL(18, 6)) AS least_step_wh,
    mean_power_w(energy_wh, step_us) - 360000000000 / step_us AS least_power_w,
    CASE WHEN step_us >= 60000000 THEN mean_power_w(energy_wh, step_us) END AS step_power_w,
    CASE WHEN energy_wh > 0 THEN (epoch_us(to_at) - epoch_us(from_at)) // 1000 END AS charging_ms,
    -- The same reading told twice counts once.
    CASE WHEN to_at = from_at THEN -1 ELSE 0 END AS readings,
    0 AS readings_between,
    to_at AS first_at, to_at AS last_at, to_wh AS least_wh, to_wh AS greatest_wh,
    NULL AS begin_wh, NULL AS end_wh,
    is_overlapping
FROM links
