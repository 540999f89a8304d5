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
),
quarters AS (
    -- Steps within one quarter-hour are one; a step over its edge stays one of its own.
    SELECT
        session_id,
        min(from_at) AS from_at,
        max(to_at) AS to_at,
        sum(energy_wh) AS energy_wh,
        bool_and(measured) AS measured
    FROM steps
    GROUP BY
        session_id,
        CASE WHEN epoch_us(from_at) // 900000000 = (epoch_us(to_at) - 1) // 900000000
             THEN epoch_us(from_at) // 900000000 ELSE epoch_us(to_at) END
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
    CAST(quarters.energy_wh AS DECIMAL(18, 6)) AS energy_wh,
    measured
FROM quarters
JOIN session_rows USING (session_id)
