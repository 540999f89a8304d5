-- The sessions that can be priced, as cutting and rating read them.
SELECT
    row_number() OVER () AS session_no,
    session_id,
    tariff_id,
    tariff_version,
    started_at,
    ended_at,
    time_zone,
    energy_wh,
    told_energy_wh,
    charging_seconds,
    idle_seconds
FROM billing_candidates
WHERE reason IS NULL
