-- The sessions as they were beside those in the warehouse. A session is found by station, transaction and start.
SELECT
    expected.station_id,
    expected.transaction_id,
    expected.fault,
    expected.is_clean,
    expected.energy_wh AS true_energy_wh,
    found.* EXCLUDE (station_id, transaction_id, start_second),
    coalesce(found.sessions = 1 AND found.energy_wh = expected.energy_wh, false)
        AND (found.ended_at = CAST(date_trunc('second', expected.started_at) AS TIMESTAMPTZ) + to_minutes(readings + 1)
             OR expected.fault = 'missing_stop') AS is_exact
FROM expected
LEFT JOIN (
    SELECT
        station_id, transaction_id, date_trunc('second', started_at) AS start_second, count(*) AS sessions,
        any_value(energy_wh) AS energy_wh, any_value(ended_at) AS ended_at, any_value(flags) AS flags,
        any_value(grade) AS grade
    FROM core.sessions
    GROUP BY ALL
) AS found
    ON found.station_id = expected.station_id AND found.transaction_id = expected.transaction_id
    AND found.start_second = CAST(expected.started_at AS TIMESTAMPTZ)
