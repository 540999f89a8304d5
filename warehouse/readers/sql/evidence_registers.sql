-- Register readings of a session at its own time, in kWh as the register stands.
WITH wanted AS (
    SELECT
        session_id, station_id, evse_id, transaction_id, started_at, ended_at, last_received_at,
        to_seconds(coalesce(clock_offset_seconds, 0)) AS ahead,
        coalesce(time_zone, 'UTC') AS time_zone
    FROM core.sessions
    LEFT JOIN registry.sites USING (site_id)
    WHERE session_id = $session_id
),
readings AS (
    SELECT measured_at - ahead AS read_at, time_zone, context, value
    FROM core.meter_values AS meter_value
    JOIN wanted USING (station_id)
    -- Frames that are known to be another session's.
    ANTI JOIN (
        SELECT collector_id, seq
        FROM core.session_events
        JOIN wanted USING (station_id)
        WHERE session_events.session_id <> wanted.session_id
    ) AS of_others ON of_others.collector_id = meter_value.collector_id AND of_others.seq = meter_value.seq
    WHERE measurand = 'Energy.Active.Import.Register' AND phase IS NULL AND location = 'Outlet' AND value IS NOT NULL
        AND measured_at BETWEEN started_at + ahead - INTERVAL 1 MINUTE
            AND coalesce(ended_at, last_received_at) + ahead + INTERVAL 1 MINUTE
        AND ((meter_value.transaction_id = wanted.transaction_id
              AND coalesce(meter_value.evse_id, wanted.evse_id) IS NOT DISTINCT FROM wanted.evse_id)
             OR (coalesce(meter_value.transaction_id, '0') IN ('0', '-1', '') AND meter_value.evse_id = wanted.evse_id))
)
SELECT DISTINCT timezone(time_zone, read_at) AS local_at, context, (value / 1000)::DOUBLE AS register_kwh
FROM readings
-- A begin reading that is repeated in later sets says nothing of their time.
WHERE context <> 'Transaction.Begin' OR read_at <= (SELECT started_at + INTERVAL 5 MINUTE FROM wanted)
ORDER BY local_at, register_kwh, context
