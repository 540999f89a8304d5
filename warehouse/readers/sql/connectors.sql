-- A connector's hours at the edges of the period are cut by its site's zone.
WITH bounds AS (
    SELECT
        site_id,
        name,
        timezone(time_zone, $first::DATE::TIMESTAMP) AS from_at,
        timezone(time_zone, $last::DATE::TIMESTAMP + INTERVAL 1 DAY) AS to_at
    FROM (
        SELECT site_id, name, time_zone FROM registry.sites
        UNION ALL
        SELECT 'unregistered', 'Unregistered stations', 'UTC'
    )
    WHERE list_contains($sites, site_id)
),
ratings AS (
    SELECT station_id, evse_id, connector_id, max(rated_power_w) AS rated_power_w
    FROM registry.connectors
    GROUP BY ALL
),
sums AS (
    SELECT
        site_id,
        any_value(name) AS site,
        station_id,
        evse_id,
        connector_id,
        sum(open_seconds)::BIGINT AS open_seconds,
        sum(occupied_seconds)::BIGINT AS occupied_seconds,
        sum(charging_seconds)::BIGINT AS charging_seconds,
        sum(energy_wh) AS energy_wh,
        -- A rate is of the hours in service.
        sum(occupied_seconds) FILTER (open_seconds > 0)::BIGINT AS occupied_open_seconds,
        sum(charging_seconds) FILTER (open_seconds > 0)::BIGINT AS charging_open_seconds,
        sum(energy_wh) FILTER (open_seconds > 0) AS open_energy_wh,
        sum(sessions_started)::BIGINT AS sessions
    FROM mart.connector_hours
    JOIN bounds USING (site_id)
    WHERE hour_start >= from_at AND hour_start < to_at
    GROUP BY site_id, station_id, evse_id, connector_id
)
SELECT
    site_id,
    site,
    station_id,
    evse_id,
    connector_id,
    rated_power_w / 1000 AS rated_kw,
    sessions,
    (energy_wh / 1000)::DOUBLE AS energy_kwh,
    open_seconds / 3600 AS open_hours,
    occupied_seconds / 3600 AS occupied_hours,
    charging_seconds / 3600 AS charging_hours,
    occupied_open_seconds / nullif(open_seconds, 0) AS occupied_utilization,
    charging_open_seconds / nullif(open_seconds, 0) AS charging_utilization,
    (occupied_open_seconds - charging_open_seconds) / nullif(open_seconds, 0) AS idle_utilization,
    open_energy_wh::DOUBLE * 3600 / nullif(rated_power_w * open_seconds, 0) AS capacity_factor
FROM sums
LEFT JOIN ratings USING (station_id, evse_id, connector_id)
ORDER BY occupied_utilization DESC NULLS LAST, station_id, evse_id, connector_id
