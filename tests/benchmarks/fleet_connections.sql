-- Each station's only connection.
SELECT DISTINCT
    $collector_id AS collector_id,
    CAST(1 + station_no AS BIGINT) AS seq,
    CAST(1 + station_no AS BIGINT) AS connection_id,
    station_id,
    CASE WHEN is_v2 THEN '2.0.1' ELSE '1.6' END AS ocpp_version,
    'opened' AS event,
    CAST(CAST($at AS TIMESTAMP) AS TIMESTAMPTZ) AS happened_at,
    'live' AS clock,
    NULL::VARCHAR AS remote_address,
    NULL::INTEGER AS close_code,
    NULL::VARCHAR AS reason
FROM fleet_sessions
WHERE is_late = $late
ORDER BY seq
