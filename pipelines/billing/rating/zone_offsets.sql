-- How far each zone is ahead of UTC, and from when until when, over the time of the sessions. Looked up by the day, then
-- by the minute within the days that end with another offset than they began.
WITH zones AS (
    SELECT
        time_zone,
        min(start_us) // 86400000000 - 1 AS first_day,
        max(end_us) // 86400000000 + 2 AS last_day
    FROM cut_sessions
    GROUP BY time_zone
),
days AS (
    SELECT time_zone, day * 86400000000 AS day_us
    FROM zones, unnest(generate_series(first_day, last_day)) AS series (day)
),
daily AS (
    SELECT
        time_zone,
        day_us,
        utc_offset(time_zone, day_us) AS offset_us,
        lag(offset_us) OVER (PARTITION BY time_zone ORDER BY day_us) AS offset_before_us
    FROM days
),
minutes AS (
    SELECT time_zone, day_us - 86400000000 + minute * 60000000 AS at_us, offset_us, offset_before_us
    FROM daily, unnest(generate_series(1, 1440)) AS series (minute)
    WHERE offset_us <> offset_before_us
),
changes AS (
    SELECT time_zone, min(at_us) AS from_us, any_value(offset_us) AS offset_us
    FROM minutes
    WHERE utc_offset(time_zone, at_us) = offset_us
    GROUP BY time_zone, offset_us, offset_before_us, at_us // 86400000000
    UNION ALL
    SELECT time_zone, day_us, offset_us FROM daily WHERE offset_before_us IS NULL
)
SELECT
    time_zone,
    min(from_us) AS from_us,
    offset_us,
    coalesce(lead(min(from_us)) OVER (PARTITION BY time_zone ORDER BY min(from_us)), 9223372036854775807) AS to_us
FROM changes
GROUP BY time_zone, offset_us, from_us
