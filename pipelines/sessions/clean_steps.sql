-- When the energy of clean sessions flowed: by quarter-hours, and before the first and after the last reading.
WITH clean AS (
    SELECT * FROM plain_sessions WHERE is_clean
),
steps AS (
    SELECT no, from_at, to_at, energy_wh FROM plain_quarters SEMI JOIN clean USING (no)
    WHERE energy_wh > 0
    UNION ALL
    SELECT no, started_at, first_at, first_step_wh FROM clean WHERE first_step_wh > 0
    UNION ALL
    SELECT no, last_at, ended_at, last_step_wh FROM clean WHERE last_step_wh > 0
    UNION ALL
    SELECT no, started_at, ended_at, energy_wh FROM clean WHERE readings IS NULL AND energy_wh > 0
)
SELECT
    clean_rows.session_id, steps.from_at, steps.to_at, CAST(steps.energy_wh AS DECIMAL(18, 6)) AS energy_wh,
    clean_rows.charging_seconds IS NOT NULL AS measured
FROM steps
JOIN clean_rows USING (no)
