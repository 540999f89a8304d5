-- The time of each session in which energy flowed; the steps of a session sum to its energy.
WITH steps AS (
    SELECT * FROM clean_step_rows
    UNION ALL
    SELECT
        rows.row_no, from_at, greatest(from_at, to_at), steps.energy_wh,
        rows.charging_seconds IS NOT NULL
    FROM doubtful_steps AS steps
    JOIN doubtful_rows AS rows USING (no)
    WHERE rows.energy_wh IS NOT NULL
    UNION ALL
    SELECT row_no, started_at, greatest(started_at, ended_at), energy_wh, false
    FROM record_rows
    WHERE energy_wh > 0
),
quarters AS (
    -- Steps within one quarter-hour are one; a step over its edge stays one of its own.
    SELECT
        row_no,
        min(from_at) AS from_at,
        max(to_at) AS to_at,
        sum(energy_wh) AS energy_wh,
        bool_and(measured) AS measured
    FROM steps
    GROUP BY row_no, quarter_of(epoch_us(from_at), epoch_us(to_at))
),
numbered AS (
    SELECT *, CAST(row_number() OVER (PARTITION BY row_no ORDER BY to_at, from_at) AS INTEGER) AS step_no FROM quarters
)
SELECT
    session_id, step_no, station_id, site_id, evse_id, connector_id, from_at, to_at,
    CAST(numbered.energy_wh AS DECIMAL(18, 6)) AS energy_wh,
    measured
FROM numbered
JOIN session_rows USING (row_no)
