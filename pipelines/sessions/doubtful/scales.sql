-- Whether start, readings and stop are on one scale (1, 14). A step is believed if it is not negative and needs at most
-- 1.1 times the rating, plus 100 Wh; without a rating 1 MW (no vehicle takes more today).
WITH read AS (
    SELECT
        no,
        count(*) AS readings,
        min(at_time) AS first_at,
        arg_min(register_wh, (at_time, edge, register_wh)) AS first_wh,
        max(at_time) AS last_at,
        arg_max(register_wh, (at_time, edge, register_wh)) AS last_wh
    FROM told_points
    WHERE source = 'reading'
    GROUP BY no
),
meter AS (
    SELECT
        no,
        max(register_wh) FILTER (edge = 0) AS start_wh,
        max(register_wh) FILTER (edge = 2) AS stop_wh,
        max(at_time) FILTER (edge = 2) AS stop_at
    FROM told_points
    WHERE source = 'meter'
    GROUP BY no
),
compared AS (
    SELECT
        edges.no,
        coalesce(readings, 0) AS readings,
        start_wh, stop_wh, first_wh, last_wh,
        first_wh < start_wh - 1 AS first_falls,
        CAST(first_wh - start_wh AS DOUBLE)
            > most_power_w * greatest(date_sub('millisecond', started_at, first_at), 0) / 3600000 + 100 AS first_leaps,
        stop_wh < last_wh - 1 AS stop_falls,
        CAST(stop_wh - last_wh AS DOUBLE)
            > most_power_w * greatest(date_sub('millisecond', last_at, stop_at), 0) / 3600000 + 100 AS stop_leaps,
        stop_wh >= start_wh - 1 AND CAST(stop_wh - start_wh AS DOUBLE)
            <= most_power_w * greatest(date_sub('millisecond', started_at, stop_at), 0) / 3600000 + 100 AS meter_agrees,
        CAST(coalesce(stop_wh, last_wh) - start_wh AS DOUBLE) > most_power_w
            * greatest(date_sub('millisecond', started_at, coalesce(stop_at, last_at)), 0) / 3600000 + 100 AS all_leaps,
        CAST(coalesce(stop_wh, last_wh) - first_wh AS DOUBLE) > most_power_w
            * greatest(date_sub('millisecond', first_at, coalesce(stop_at, last_at)), 0) / 3600000 + 100 AS rest_leaps
    FROM edges
    LEFT JOIN read USING (no)
    LEFT JOIN meter USING (no)
)
SELECT
    no,
    readings,
    CASE
        WHEN (first_falls OR first_leaps) AND (stop_falls OR stop_leaps) AND meter_agrees THEN 'meter'
        WHEN first_falls AND stop_wh IS NULL AND readings > 0 THEN 'reading'
        -- A register that stays far above the begin speaks against the begin; one leap among other steps does not.
        WHEN first_leaps AND all_leaps AND NOT rest_leaps AND (readings > 1 OR stop_wh IS NOT NULL) THEN 'without_start'
        ELSE 'all'
    END AS used
FROM compared
