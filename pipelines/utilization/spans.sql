-- The stations of the touched sites, with the span to compute; hours reach over its ends where a zone's midnight
-- lies within a UTC hour.
WITH stations AS (
    SELECT station_id, site_id FROM registry.stations
    UNION
    SELECT station_id, 'unregistered' FROM all_sessions ANTI JOIN registry.stations USING (station_id)
)
SELECT
    station_id,
    site_id,
    time_zone,
    from_at,
    to_at,
    date_trunc('hour', from_at) AS first_hour,
    date_trunc('hour', to_at + INTERVAL '59 minutes 59 seconds') AS end_hour
FROM stations
JOIN touched_sites USING (site_id)
