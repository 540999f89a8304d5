WITH placed AS (
    SELECT s.*, x.name AS site_name, coalesce(x.time_zone, 'UTC') AS time_zone
    FROM core.sessions AS s
    LEFT JOIN registry.sites AS x ON x.site_id = s.site_id
    -- A day either side of the range holds every zone; it lets the scan skip the other files.
    WHERE s.started_at >= CAST($date_from AS TIMESTAMPTZ) - INTERVAL 1 DAY
      AND s.started_at < CAST($date_to AS TIMESTAMPTZ) + INTERVAL 1 DAY
)
SELECT
    session_id,
    external_session_id,
    site_id,
    site_name,
    station_id,
    evse_id,
    connector_id,
    CAST(timezone(time_zone, started_at) AS DATE) AS local_date,
    started_at,
    timezone(time_zone, started_at) AS started_local,
    ended_at,
    timezone(time_zone, ended_at) AS ended_local,
    state,
    CAST(energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    energy_source,
    charging_seconds,
    idle_seconds,
    stop_reason,
    grade,
    flags,
    origin
FROM placed
WHERE CAST(timezone(time_zone, started_at) AS DATE) >= $date_from
  AND CAST(timezone(time_zone, started_at) AS DATE) < $date_to
  AND ($sites IS NULL OR list_contains($sites, site_id))
ORDER BY started_at, station_id, session_id
