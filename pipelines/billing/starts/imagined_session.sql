-- A session that begins here and now, of which nothing is known yet.
SELECT
    sessions.* EXCLUDE (
        session_id, station_id, site_id, evse_id, connector_id, id_token, started_at, ended_at, state, grade,
        energy_wh, charging_seconds, idle_seconds
    ),
    'imagined' AS session_id,
    $station_id AS station_id,
    $site_id AS site_id,
    CAST($evse_id AS INTEGER) AS evse_id,
    CAST($connector_id AS INTEGER) AS connector_id,
    'imagined' AS id_token,
    CAST($at AS TIMESTAMPTZ) AS started_at,
    CAST($at AS TIMESTAMPTZ) AS ended_at,
    'completed' AS state,
    'ok' AS grade,
    CAST(0 AS DECIMAL(18, 6)) AS energy_wh,
    CAST(0 AS BIGINT) AS charging_seconds,
    CAST(0 AS BIGINT) AS idle_seconds
FROM (SELECT 1) AS one
LEFT JOIN core.sessions AS sessions ON false
