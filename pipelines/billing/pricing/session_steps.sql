-- When energy flowed in the sessions whose tariff has restrictions. Power is the mean of a measured step, current the mean
-- of what was measured in it (NULL: nothing, which fits no restriction on it). Where a session is billed by what its meter has signed, its steps are drawn to that energy, never
-- above it: what rounding leaves goes to the last period.
WITH restricted AS (
    SELECT
        session_no,
        session_id,
        started_at,
        CASE WHEN energy_wh <> told_energy_wh AND told_energy_wh > 0
            THEN CAST(CAST(energy_wh AS DECIMAL(24, 6)) * 1000000 AS HUGEINT) END AS billed,
        CAST(CAST(told_energy_wh AS DECIMAL(24, 6)) * 1000000 AS HUGEINT) AS told
    FROM sessions_to_rate
    JOIN tariff_terms USING (tariff_id, tariff_version)
    WHERE is_restricted
),
drawn AS (
    SELECT
        session_no,
        from_at,
        to_at,
        measured,
        CASE WHEN billed IS NULL THEN energy_wh ELSE CAST(
            CAST(CAST(energy_wh AS DECIMAL(24, 6)) * 1000000 AS HUGEINT) * billed // told * 0.000001 AS DECIMAL(18, 6)
        ) END AS energy_wh
    FROM all_energy_steps
    JOIN restricted USING (session_id)
    -- The steps lie sorted by time: what is older than every session needs no look.
    WHERE from_at >= (SELECT min(started_at) - INTERVAL 1 DAY FROM restricted)
),
currents AS (
    SELECT
        drawn.session_no,
        drawn.from_at,
        CAST(
            CAST(sum(CAST(current_a * 1000000 AS HUGEINT)) // count(*) AS DECIMAL(38, 0)) * 0.000001 AS DECIMAL(18, 6)
        ) AS current_a
    FROM drawn
    JOIN session_currents
        ON session_currents.session_no = drawn.session_no
        AND session_currents.measured_at > drawn.from_at
        AND session_currents.measured_at <= drawn.to_at
    GROUP BY ALL
)
SELECT
    session_no,
    from_at,
    to_at,
    energy_wh,
    true AS charging,
    CASE WHEN measured AND to_at > from_at THEN CAST(
        CAST(CAST(energy_wh AS DECIMAL(24, 6)) * 1000000 AS HUGEINT) * 3600000000
        // (epoch_us(to_at) - epoch_us(from_at)) * 0.000001 AS DECIMAL(18, 6)
    ) END AS power_w,
    current_a
FROM drawn
LEFT JOIN currents USING (session_no, from_at)
