-- When each connector was in service, occupied, charging, offline or faulted: within the span, without overlaps.
WITH told AS (
    SELECT station_id, evse_id, connector_id, 'open' AS kind, in_service_from AS from_at,
           least(coalesce(in_service_to, $now), $now) AS to_at
    FROM registry.connectors
    UNION ALL
    SELECT station_id, evse_id, connector_id, 'occupied', started_at, until_at FROM session_spans
    UNION ALL
    SELECT station_id, evse_id, connector_id, 'charging', from_at, to_at FROM step_spans
    UNION ALL
    SELECT station_id, evse_id, connector_id, 'known', from_at, coalesce(to_at, $now) FROM all_connector_states
    UNION ALL
    SELECT station_id, evse_id, connector_id, 'offline', from_at, coalesce(to_at, $now)
    FROM all_connector_states WHERE state = 'offline'
    UNION ALL
    SELECT station_id, evse_id, connector_id, 'faulted', from_at, coalesce(to_at, $now)
    FROM all_connector_states WHERE state IN ('faulted', 'unavailable')
),
clipped AS (
    SELECT
        station_id, site_id, time_zone, evse_id, connector_id, kind,
        greatest(told.from_at, first_hour) AS from_at,
        least(told.to_at, end_hour) AS to_at
    FROM told
    JOIN spans USING (station_id)
),
reached AS (
    SELECT
        *,
        max(to_at) OVER (
            PARTITION BY station_id, evse_id, connector_id, kind ORDER BY from_at, to_at
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached_at
    FROM clipped
    WHERE from_at < to_at
),
islands AS (
    SELECT
        *,
        count(*) FILTER (reached_at IS NULL OR from_at > reached_at) OVER (
            PARTITION BY station_id, evse_id, connector_id, kind ORDER BY from_at, to_at
        ) AS island
    FROM reached
)
SELECT
    station_id, any_value(site_id) AS site_id, any_value(time_zone) AS time_zone, evse_id, connector_id, kind,
    min(from_at) AS from_at, max(to_at) AS to_at
FROM islands
GROUP BY station_id, evse_id, connector_id, kind, island
