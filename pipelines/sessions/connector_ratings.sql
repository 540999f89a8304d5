-- What each connector could deliver when, one row a connector with its times in service in order.
SELECT
    station_id,
    evse_id,
    connector_id,
    list({'from_at': in_service_from, 'to_at': coalesce(in_service_to, 'infinity'), 'rated_power_w': rated_power_w}
         ORDER BY in_service_from) AS periods
FROM registry.connectors
GROUP BY station_id, evse_id, connector_id
UNION ALL
-- For a station that names only the EVSE: its connectors together.
SELECT
    station_id,
    evse_id,
    NULL,
    list({'from_at': in_service_from, 'to_at': coalesce(in_service_to, 'infinity'), 'rated_power_w': rated_power_w}
         ORDER BY in_service_from)
FROM registry.connectors
GROUP BY station_id, evse_id
