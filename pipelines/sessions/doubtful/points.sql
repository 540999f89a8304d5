-- The registers that count. Where a start in whole Wh was rounded up, or a stop down, the reading beside it is the
-- register. Lone misreadings do not count: a value that cannot follow from the one before, while the one after it can,
-- and is below a leap. A leap that nothing after it takes back stays (and is flagged).
WITH used AS (
    SELECT
        told_points.*,
        lag(CASE WHEN source = 'reading' THEN register_wh END) OVER session AS reading_before_wh,
        lead(CASE WHEN source = 'reading' THEN register_wh END) OVER session AS reading_after_wh
    FROM told_points
    JOIN scales USING (no)
    WHERE scales.used = 'all'
       OR scales.used = 'without_start' AND NOT (source = 'meter' AND edge = 0)
       OR scales.used = source
    WINDOW session AS (PARTITION BY no ORDER BY at_time, edge, register_wh)
),
exact AS (
    SELECT
        used.* EXCLUDE (register_wh, reading_before_wh, reading_after_wh),
        CASE
            WHEN source = 'meter' AND edge = 0 AND meter_start_wh - reading_after_wh BETWEEN 0 AND 1
                THEN reading_after_wh
            WHEN source = 'meter' AND edge = 2 AND reading_before_wh - meter_stop_wh BETWEEN 0 AND 1
                THEN reading_before_wh
            ELSE register_wh
        END AS register_wh
    FROM used
    JOIN edges USING (no)
),
followed AS (
    SELECT
        *,
        row_number() OVER session AS point_no,
        lag(at_time) OVER session AS before_at,
        lag(register_wh) OVER session AS before_wh,
        lead(at_time) OVER session AS after_at,
        lead(register_wh) OVER session AS after_wh
    FROM exact
    WINDOW session AS (PARTITION BY no ORDER BY at_time, edge, register_wh)
)
SELECT followed.* EXCLUDE (before_at, before_wh, after_at, after_wh)
FROM followed
JOIN edges USING (no)
WHERE edge <> 1
   OR before_wh IS NULL OR after_wh IS NULL
   OR NOT (register_wh < before_wh OR CAST(register_wh - before_wh AS DOUBLE)
               > most_power_w * date_sub('millisecond', before_at, at_time) / 3600000 + 100)
   OR register_wh >= before_wh AND after_wh >= register_wh
   OR after_wh < before_wh
   OR CAST(after_wh - before_wh AS DOUBLE) > most_power_w * date_sub('millisecond', before_at, after_at) / 3600000 + 100
