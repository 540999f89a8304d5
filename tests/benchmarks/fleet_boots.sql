-- What each station says it is, a second after it has connected.
WITH stations AS (
    SELECT DISTINCT station_no, station_id, is_v2 FROM fleet_sessions WHERE is_late = $late
)
SELECT
    $collector_id AS collector_id,
    $seq + row_number() OVER (ORDER BY station_no) AS seq,
    CAST(1 + station_no AS BIGINT) AS connection_id,
    station_id,
    CAST(CAST($at AS TIMESTAMP) AS TIMESTAMPTZ) + INTERVAL 1 SECOND AS received_at,
    'in' AS direction,
    CASE WHEN is_v2 THEN '2.0.1' ELSE '1.6' END AS ocpp_version,
    2 AS message_type,
    concat('boot-', station_no) AS message_id,
    'BootNotification' AS action,
    CASE WHEN is_v2 THEN concat(
        '{"reason":"PowerUp","chargingStation":{"vendorName":"Volt","model":"V2-', station_no % 3,
        '","serialNumber":"SN', station_no, '","firmwareVersion":"2.', station_no % 5, '"}}'
    ) ELSE concat(
        '{"chargePointVendor":"Ampere","chargePointModel":"A', station_no % 4, '","chargePointSerialNumber":"SN', station_no,
        '","firmwareVersion":"1.', station_no % 5, '"}'
    ) END AS payload,
    NULL::VARCHAR AS schema_error
FROM stations
ORDER BY seq
