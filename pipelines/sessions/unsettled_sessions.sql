-- Sessions of the heard stations that may look different as soon as their station says anything, and from when on that
-- changes nothing about them any more: once another session has begun on their connector, a day after the last that
-- was heard of them, nothing that happens later belongs to them or ends them.
WITH heard AS (
    SELECT * FROM core.sessions SEMI JOIN heard_stations USING (station_id)
),
misdated AS (
    -- Where clocks are off, the corrected times do not tell what came before what.
    SELECT DISTINCT station_id
    FROM heard
    WHERE clock_offset_seconds IS NOT NULL OR list_has_any(flags, ['clock_skew', 'clock_unset'])
),
starts AS (
    SELECT station_id, evse_id, started_at
    FROM heard
    WHERE evse_id IS NOT NULL AND readings IS NOT NULL AND NOT list_contains(flags, 'missing_start')
),
unsettled AS (
    SELECT station_id, transaction_id, evse_id, started_at, ended_at, last_received_at, state, flags
    FROM heard
    WHERE readings IS NOT NULL AND (state <> 'completed' OR list_has_any(flags, $unsettled))
),
followed AS (
    SELECT unsettled.*, next.started_at AS next_start_at
    FROM unsettled
    ASOF LEFT JOIN starts AS next
        ON next.station_id = unsettled.station_id AND next.evse_id = unsettled.evse_id
        AND unsettled.started_at < next.started_at
),
outlived AS (
    SELECT followed.*, later.started_at AS later_start_at
    FROM followed
    ASOF LEFT JOIN starts AS later
        ON later.station_id = followed.station_id AND later.evse_id = followed.evse_id
        AND followed.last_received_at + INTERVAL 1 DAY <= later.started_at
)
SELECT
    station_id, transaction_id, started_at,
    CASE
        WHEN state = 'active' OR misdated.station_id IS NOT NULL THEN 'infinity'
        -- Only a stop was heard, and no connector told: a start up to a week before it may be its own.
        WHEN evse_id IS NULL THEN CASE WHEN state = 'completed' THEN last_received_at + INTERVAL 8 DAY ELSE 'infinity' END
        -- Where it went on while the next one had begun, any later sign of its end is the first one.
        WHEN list_contains(flags, 'inferred_end') AND coalesce(next_start_at <= ended_at, true) THEN 'infinity'
        ELSE coalesce(later_start_at, 'infinity')
    END AS settled_at
FROM outlived
LEFT JOIN misdated USING (station_id)
