-- Stations that are connected now: to a collector that said so since $heard_since. Of several the newest connection.
SELECT
    online.station_id,
    online.collector_id,
    online.ocpp_version,
    online.connected_at,
    online.certificate_ends_at
FROM access.online_stations AS online
JOIN access.collectors AS collectors USING (collector_id)
WHERE collectors.heard_at >= $heard_since
QUALIFY row_number() OVER (
    PARTITION BY online.station_id ORDER BY online.connected_at DESC, online.collector_id DESC
) = 1
ORDER BY online.station_id
