-- The time of each session in which energy flowed; the steps of a session sum to its energy.
WITH steps AS (
    SELECT session_id, from_at, to_at, energy_wh, measured FROM clean_step_rows
    UNION ALL
    SELECT
        rows.session_id, from_at, greatest(from_at, to_at), steps.energy_wh,
        rows.charging_seconds IS NOT NULL
    FROM doubtful_steps AS steps
    JOIN doubtful_rows AS rows USING (no)
    WHERE rows.energy_wh IS NOT NULL
    UNION ALL
    SELECT session_id, started_at, greatest(started_at, ended_at), energy_wh, false
    FROM measured_sessions
    WHERE energy_source = 'import' AND energy_wh > 0
)
SELECT
    session_id,
    CAST(row_number() OVER (PARTITION BY session_id ORDER BY to_at, from_at) AS INTEGER) AS step_no,
    station_id,
    site_id,
    evse_id,
    connector_id,
    from_at,
    to_at,
    CAST(steps.energy_wh AS DECIMAL(18, 6)) AS energy_wh,
    measured
FROM steps
JOIN session_rows USING (session_id)
