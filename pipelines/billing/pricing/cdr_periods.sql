-- The charging periods that those CDRs were priced by.
SELECT
    cdr_id,
    period_no,
    usage.started_at,
    usage.energy_wh,
    usage.charging_seconds,
    usage.parking_seconds,
    max_power_w AS power_w  -- one mean for each step: the least is the greatest
FROM usage
JOIN sessions_to_rate USING (session_no)
JOIN made_cdrs USING (session_id)
