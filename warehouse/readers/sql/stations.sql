WITH seen AS (
    SELECT
        station_id,
        any_value(site_id) AS site_id,
        count(*) AS sessions,
        max(last_received_at) AS last_session_frame_at
    FROM core.sessions
    GROUP BY station_id
)
SELECT
    station_id,
    coalesce(sites.name, 'Unregistered stations') AS site,
    stations.station_id IS NOT NULL AS registered,
    stations.vendor,
    stations.model,
    coalesce(seen.sessions, 0) AS sessions,
    seen.last_session_frame_at
FROM seen
FULL JOIN registry.stations AS stations USING (station_id)
LEFT JOIN registry.sites AS sites ON sites.site_id = coalesce(stations.site_id, seen.site_id)
ORDER BY last_session_frame_at NULLS FIRST, station_id
