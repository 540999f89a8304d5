-- Sessions within the spans, on a connector that is always known: where the station does not tell it, the EVSE's only
-- one in the registry, else 0.
WITH lone_connectors AS (
    SELECT station_id, evse_id, min(connector_id) AS connector_id
    FROM registry.connectors
    GROUP BY station_id, evse_id
    HAVING count(DISTINCT connector_id) = 1
)
SELECT
    sessions.session_id,
    sessions.station_id,
    spans.site_id,
    spans.time_zone,
    coalesce(sessions.evse_id, 0) AS evse_id,
    coalesce(sessions.connector_id, lone_connectors.connector_id, 0) AS connector_id,
    sessions.id_token,
    sessions.started_at,
    coalesce(sessions.ended_at, greatest($now, sessions.started_at)) AS until_at
FROM all_sessions AS sessions
JOIN spans USING (station_id)
LEFT JOIN lone_connectors USING (station_id, evse_id)
WHERE sessions.started_at < spans.end_hour
  AND greatest(coalesce(sessions.ended_at, $now), sessions.started_at) >= spans.first_hour
