-- Current that was measured in the sessions whose tariff asks for it, at each time it was measured: the sum over the
-- phases in A (OCPI 2.2.1 section 11.4.6). A sample without a phase is that sum. One that came twice counts once.
WITH asking AS (
    SELECT DISTINCT session_no, session_id, started_at, ended_at
    FROM sessions_to_rate
    JOIN tariff_terms USING (tariff_id, tariff_version)
    JOIN tariff_elements USING (tariff_no)
    WHERE min_current_a IS NOT NULL OR max_current_a IS NOT NULL
),
samples AS (
    SELECT asking.session_no, sample.measured_at, sample.phase, max(sample.value) AS value
    FROM asking
    JOIN all_sessions AS session USING (session_id)
    JOIN core.meter_values AS sample
        ON sample.station_id = session.station_id
        AND sample.transaction_id = session.transaction_id
        AND sample.measured_at > asking.started_at
        AND sample.measured_at <= asking.ended_at
    WHERE sample.measurand = 'Current.Import' AND sample.location = 'Outlet' AND sample.value IS NOT NULL
    GROUP BY ALL
)
SELECT
    session_no,
    measured_at,
    coalesce(sum(value) FILTER (phase LIKE 'L_' OR phase LIKE 'L_-N'), max(value) FILTER (phase IS NULL)) AS current_a
FROM samples
GROUP BY ALL
HAVING current_a IS NOT NULL
