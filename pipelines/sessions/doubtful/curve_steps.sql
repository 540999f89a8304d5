-- Where the readings are on another scale than start and stop, they still tell when energy flowed (14): their own steps,
-- and what is left of the energy at the end.
WITH read AS (
    SELECT no, at_time, edge, register_wh
    FROM told_points
    JOIN scales USING (no)
    WHERE scales.used = 'meter' AND source = 'reading'
    UNION ALL
    -- A register of its own begins with the session.
    SELECT no, started_at, 0, 0
    FROM edges
    JOIN scales USING (no)
    WHERE scales.used = 'meter' AND scales.readings > 0
),
curve AS (
    SELECT
        no, at_time,
        lag(at_time) OVER session AS from_at,
        register_wh - lag(register_wh) OVER session AS energy_wh
    FROM read
    WINDOW session AS (PARTITION BY no ORDER BY at_time, edge, register_wh)
),
summed AS (
    SELECT no, sum(energy_wh) AS energy_wh, max(at_time) AS last_at FROM curve GROUP BY no HAVING min(energy_wh) >= 0
),
whole AS (
    SELECT no, min(from_at) AS from_at, max(to_at) AS to_at, sum(energy_wh) AS energy_wh
    FROM register_steps
    JOIN scales USING (no)
    WHERE scales.used = 'meter'
    GROUP BY no
)
SELECT curve.no, curve.from_at, curve.at_time AS to_at, curve.energy_wh
FROM curve
JOIN summed USING (no)
JOIN whole USING (no)
WHERE summed.energy_wh <= whole.energy_wh AND curve.energy_wh > 0
UNION ALL
SELECT whole.no, least(greatest(summed.last_at, whole.from_at), whole.to_at), whole.to_at,
       CAST(whole.energy_wh - summed.energy_wh AS DECIMAL(18, 6))
FROM whole
JOIN summed USING (no)
WHERE summed.energy_wh < whole.energy_wh
