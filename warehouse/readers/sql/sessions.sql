WITH zoned AS (
    SELECT
        sessions.*,
        coalesce(sites.name, 'Unregistered stations') AS site,
        timezone(coalesce(sites.time_zone, 'UTC'), started_at) AS local_start,
        timezone(coalesce(sites.time_zone, 'UTC'), ended_at) AS local_end
    FROM core.sessions AS sessions
    LEFT JOIN registry.sites AS sites USING (site_id)
    WHERE list_contains($sites, site_id)
        AND started_at BETWEEN $first::DATE::TIMESTAMPTZ - INTERVAL 1 DAY AND $last::DATE::TIMESTAMPTZ + INTERVAL 2 DAY
        AND list_contains($grades, grade)
        AND ($flag::VARCHAR IS NULL OR list_contains(flags, $flag))
),
matching AS (
    SELECT *
    FROM zoned
    WHERE local_start::DATE BETWEEN $first AND $last
        AND (
            $text = ''
            OR contains(lower(concat_ws(' ', session_id, external_session_id, station_id, id_token)), lower($text))
        )
)
SELECT
    local_start,
    local_end,
    site,
    station_id,
    evse_id,
    connector_id,
    (energy_wh / 1000)::DOUBLE AS energy_kwh,
    date_diff('second', started_at, ended_at) / 3600 AS duration_hours,
    charging_seconds / 3600 AS charging_hours,
    (max_power_w / 1000)::DOUBLE AS max_power_kw,
    state,
    grade,
    flags,
    id_token,
    session_id,
    external_session_id,
    started_at,
    ended_at,
    count(*) OVER () AS matches
FROM matching
ORDER BY started_at DESC, session_id
LIMIT $limit
