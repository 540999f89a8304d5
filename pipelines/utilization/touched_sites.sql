-- For each site the local days that something new is said about, as one span of time.
-- "Now" is the newest data: from the last run's now to this one's, connectors were open even where nothing happened.
WITH site_zones AS (
    SELECT site_id, time_zone FROM registry.sites
    UNION ALL
    SELECT 'unregistered', 'UTC'
),
station_changes AS (
    -- A stop may be dated before its start; energy and start then stand at the start.
    SELECT station_id, started_at AS from_at, greatest(coalesce(ended_at, $now), started_at) AS to_at
    FROM changed_sessions
    UNION ALL
    SELECT station_id, from_at, coalesce(to_at, $now) FROM changed_connector_states
    UNION ALL
    SELECT row_key ->> 0, to_timestamp(0), $now FROM changed_registry_history WHERE table_name = 'connectors'
),
moved_stations AS (
    -- A station that moved concerns the site it left as well.
    SELECT row_json ->> 'site_id' AS site_id
    FROM all_registry_history
    SEMI JOIN (SELECT row_key FROM changed_registry_history WHERE table_name = 'stations') USING (row_key)
    WHERE table_name = 'stations' AND change = 'set'
    UNION
    SELECT 'unregistered' FROM changed_registry_history WHERE table_name = 'stations'
),
changes AS (
    SELECT coalesce(stations.site_id, 'unregistered') AS site_id, from_at, to_at
    FROM station_changes
    LEFT JOIN registry.stations AS stations USING (station_id)
    UNION ALL
    SELECT row_key ->> 0, to_timestamp(0), $now FROM changed_registry_history WHERE table_name = 'sites'
    UNION ALL
    SELECT site_id, to_timestamp(0), $now FROM moved_stations
    UNION ALL
    SELECT site_id, least($now, $last_now), greatest($now, $last_now) FROM site_zones
    WHERE $now <> $last_now
)
SELECT
    site_id,
    coalesce(any_value(time_zone), 'UTC') AS time_zone,
    timezone(coalesce(any_value(time_zone), 'UTC'),
             date_trunc('day', timezone(coalesce(any_value(time_zone), 'UTC'), min(from_at)))) AS from_at,
    timezone(coalesce(any_value(time_zone), 'UTC'),
             date_trunc('day', timezone(coalesce(any_value(time_zone), 'UTC'), max(to_at))) + INTERVAL 1 DAY) AS to_at
FROM changes
LEFT JOIN site_zones USING (site_id)
GROUP BY site_id
