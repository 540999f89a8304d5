-- Sessions whose tariff has restrictions, in µs and µWh. The time plugged in may go on after the session's end: it ends
-- where charging and idle time are used up.
WITH given AS (
    SELECT
        session_no,
        tariff_no,
        asks_flow,
        time_zone,
        epoch_us(started_at) AS start_us,
        epoch_us(ended_at) AS ended_us,
        micro(energy_wh) AS energy,
        micro(CAST(charging_seconds AS DECIMAL(18, 6))) AS charging_us,
        micro(CAST(idle_seconds AS DECIMAL(18, 6))) AS parking_us
    FROM sessions_to_rate
    JOIN tariff_terms USING (tariff_id, tariff_version)
    WHERE is_restricted
)
SELECT
    * EXCLUDE (ended_us),
    greatest(ended_us, start_us + coalesce(charging_us, 0) + coalesce(parking_us, 0)) AS end_us
FROM given
