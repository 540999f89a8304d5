-- How far the station's clock was off during each doubtful session (12, 13). Frames that were live show one difference
-- of told and received time all along; a queue shows many, and none above zero.
WITH told AS (
    SELECT no, received_at, event_at AS told_at FROM own_starts WHERE event_at IS NOT NULL
    UNION ALL
    SELECT no, received_at, event_at FROM own_events WHERE event_at IS NOT NULL
    UNION ALL
    SELECT no, received_at, coalesce(told_at, measured_at) FROM samples
),
differences AS (
    SELECT
        no,
        received_at,
        date_sub('millisecond', received_at, told_at) AS ahead_ms,
        -- No queue is half a year old, and nothing happens a day ahead: such a clock was never set.
        told_at < received_at - to_hours(180 * 24) OR told_at > received_at + INTERVAL 24 HOUR AS is_unset,
        told_at < received_at - to_hours(180 * 24) AS is_behind
    FROM told
),
spread AS (
    SELECT
        no,
        bool_or(is_unset) AS is_unset,
        max(ahead_ms) FILTER (is_behind) AS unset_ms,
        max(ahead_ms) FILTER (NOT is_unset) AS most_ms,
        min(ahead_ms) FILTER (NOT is_unset) AS least_ms,
        date_sub('second', min(received_at) FILTER (NOT is_unset), max(received_at) FILTER (NOT is_unset)) AS seconds
    FROM differences
    GROUP BY no
),
judged AS (
    SELECT
        *,
        CASE
            WHEN most_ms > 300000 AND most_ms - least_ms <= 120000 THEN most_ms
            WHEN most_ms < -300000 AND most_ms - least_ms <= 60000 AND seconds >= 300 THEN most_ms
        END AS constant_ms
    FROM spread
)
SELECT
    held.no,
    CASE
        WHEN profiles.clock_offset_seconds IS NOT NULL THEN profiles.clock_offset_seconds * 1000
        -- Local time sent as UTC is off by whole quarters of an hour.
        WHEN abs(constant_ms - round(constant_ms / 900000) * 900000) <= 60000
            THEN CAST(round(constant_ms / 900000) * 900000 AS BIGINT)
        ELSE CAST(round(constant_ms / 1000) * 1000 AS BIGINT)
    END AS skew_ms,
    unset_ms,
    coalesce(judged.is_unset, false) AS is_unset,
    coalesce(most_ms > 300000, false) OR constant_ms IS NOT NULL AS is_skewed
FROM held
LEFT JOIN judged USING (no)
LEFT JOIN profiles USING (no)
