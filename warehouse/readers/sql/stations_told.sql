-- Each station that the registry or the data know: what it says of itself, and when it was last heard of.
WITH told AS (
    SELECT
        station_id,
        max(value) FILTER (fact = 'vendor') AS vendor,
        max(value) FILTER (fact = 'model') AS model,
        max(value) FILTER (fact = 'serial_number') AS serial_number,
        max(value) FILTER (fact = 'firmware') AS firmware,
        max(value) FILTER (fact = 'firmware_status') AS firmware_status,
        max(reported_at) AS heard_at
    FROM core.station_reports
    WHERE evse_id = 0
    GROUP BY station_id
),
connectors AS (
    SELECT station_id, count(DISTINCT (evse_id, connector_id)) AS connectors, max(from_at) AS heard_at
    FROM core.connector_states
    GROUP BY station_id
),
connections AS (
    SELECT station_id, max(happened_at) AS heard_at FROM raw.connections GROUP BY station_id
),
sessions AS (
    SELECT station_id, max(last_received_at) AS heard_at FROM core.sessions GROUP BY station_id
)
SELECT
    station_id,
    stations.site_id,
    coalesce(sites.name, 'Unregistered stations') AS site,
    stations.station_id IS NOT NULL AS registered,
    told.* EXCLUDE (station_id, heard_at),
    connectors.connectors,
    greatest(told.heard_at, connectors.heard_at, connections.heard_at, sessions.heard_at) AS heard_at
FROM registry.stations AS stations
FULL JOIN told USING (station_id)
FULL JOIN connectors USING (station_id)
FULL JOIN connections USING (station_id)
FULL JOIN sessions USING (station_id)
LEFT JOIN registry.sites AS sites ON sites.site_id = stations.site_id
ORDER BY station_id
