-- Sessions whose tariff has no restrictions need no cutting: charging first, the time plugged in without energy after it.
WITH whole AS (
    SELECT
        session_no,
        started_at,
        started_at + to_seconds(coalesce(charging_seconds, 0)) AS parked_at,
        CAST(energy_wh AS DECIMAL(18, 6)) AS energy_wh,
        CAST(coalesce(charging_seconds, 0) AS DECIMAL(18, 6)) AS charging_seconds,
        CAST(coalesce(idle_seconds, 0) AS DECIMAL(18, 6)) AS parking_seconds
    FROM sessions_to_rate
    JOIN tariff_terms USING (tariff_id, tariff_version)
    WHERE NOT is_restricted
)
SELECT session_no, 1 AS period_no, started_at, energy_wh, charging_seconds, 0 AS parking_seconds FROM whole
UNION ALL
SELECT session_no, 2, parked_at, 0, 0, parking_seconds FROM whole WHERE parking_seconds > 0
