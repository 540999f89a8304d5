-- When the energy of clean sessions flowed: by quarter-hours, and before the first and after the last reading.
WITH clean AS (
    SELECT * FROM plain_sessions WHERE is_clean
)
SELECT no AS row_no, from_at, to_at, energy_wh, true AS measured
FROM plain_quarters
SEMI JOIN clean USING (no)
WHERE energy_wh > 0
UNION ALL
SELECT no, started_at, first_at, first_step_wh, true FROM clean WHERE first_step_wh > 0
UNION ALL
SELECT no, last_at, ended_at, last_step_wh, true FROM clean WHERE last_step_wh > 0
UNION ALL
SELECT no, started_at, ended_at, energy_wh, false FROM clean WHERE readings IS NULL AND energy_wh > 0
