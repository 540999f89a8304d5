-- The register from point to point. Where it falls a new segment begins, which counts from its first value, or from 0
-- where the model is known to begin anew (7, 15).
WITH steps AS (
    SELECT
        points.no, point_no, source,
        lag(at_time) OVER session AS from_at,
        at_time AS to_at,
        register_wh,
        lag(register_wh) OVER session AS before_wh,
        lag(frame) OVER session AS from_frame,
        frame AS to_frame
    FROM points
    WINDOW session AS (PARTITION BY no ORDER BY at_time, edge, register_wh)
)
SELECT
    steps.no, from_at, to_at, from_frame, to_frame,
    register_wh < before_wh - 1 AS falls,
    CASE WHEN register_wh >= before_wh THEN register_wh - before_wh
         WHEN register_wh < before_wh - 1 AND begins_anew THEN register_wh
         ELSE CAST(0 AS DECIMAL(18, 6)) END AS energy_wh,
    -- Times that contradict each other tell no power.
    register_wh >= before_wh AND coalesce(stopped_at >= started_at, true)
        AND CAST(register_wh - before_wh AS DOUBLE)
            > most_power_w * date_sub('millisecond', from_at, to_at) / 3600000 + 100 AS is_implausible
FROM steps
JOIN edges USING (no)
WHERE before_wh IS NOT NULL
