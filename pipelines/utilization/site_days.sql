-- One row a site and day of its own time zone: 23 or 25 hours long when the clocks change.
WITH firsts AS (
    SELECT site_id, min(first_at) AS first_at
    FROM (SELECT site_id, from_at AS first_at FROM intervals UNION ALL SELECT site_id, started_at FROM session_spans)
    GROUP BY site_id
),
days AS (
    SELECT
        site_id,
        local_date,
        timezone(time_zone, CAST(local_date AS TIMESTAMP)) AS from_at,
        timezone(time_zone, CAST(local_date + 1 AS TIMESTAMP)) AS to_at
    FROM (
        SELECT
            site_id,
            time_zone,
            CAST(unnest(generate_series(
                CAST(timezone(time_zone, greatest(from_at, first_at)) AS DATE),
                CAST(timezone(time_zone, to_at - INTERVAL 1 MICROSECOND) AS DATE),
                INTERVAL 1 DAY
            )) AS DATE) AS local_date
        FROM touched_sites
        JOIN firsts USING (site_id)
    )
),
times AS (
    SELECT
        site_id,
        local_date,
        count(DISTINCT (station_id, evse_id, connector_id)) FILTER (kind = 'open') AS connectors,
        count(DISTINCT (station_id, evse_id, connector_id)) FILTER (kind = 'occupied') AS connectors_used,
        sum(microseconds) FILTER (kind = 'open') AS open_us,
        sum(microseconds) FILTER (kind = 'occupied') AS occupied_us,
        sum(microseconds) FILTER (kind = 'charging') AS charging_us
    FROM (
        SELECT
            site_id, local_date, station_id, evse_id, connector_id, kind,
            epoch_us(least(intervals.to_at, days.to_at)) - epoch_us(greatest(intervals.from_at, days.from_at))
                AS microseconds
        FROM intervals
        JOIN days USING (site_id)
        WHERE kind IN ('open', 'occupied', 'charging')
          AND intervals.from_at < days.to_at AND intervals.to_at > days.from_at
    )
    GROUP BY site_id, local_date
),
ratings AS (
    SELECT
        site_id,
        local_date,
        sum(rated_power_w * (epoch_us(least(coalesce(in_service_to, $now), $now, days.to_at))
                             - epoch_us(greatest(in_service_from, days.from_at)))) / 3600000000 AS rated_wh
    FROM registry.connectors AS connectors
    JOIN spans USING (station_id)
    JOIN days USING (site_id)
    WHERE in_service_from < days.to_at AND least(coalesce(in_service_to, $now), $now) > days.from_at
    GROUP BY site_id, local_date
),
step_quarters AS (
    -- All zones' midnights fall on a quarter of a UTC hour, so quarters give the days' energy and the peak at once.
    SELECT
        site_id, time_zone, from_at, to_at, energy_wh,
        unnest(generate_series(
            time_bucket(INTERVAL 15 MINUTE, from_at), greatest(from_at, to_at - INTERVAL 1 MICROSECOND),
            INTERVAL 15 MINUTE
        )) AS quarter_start
    FROM step_spans
),
quarters AS (
    SELECT
        site_id,
        any_value(time_zone) AS time_zone,
        quarter_start,
        sum(
            CASE WHEN quarter_start + INTERVAL 15 MINUTE >= to_at THEN energy_wh
                 ELSE CAST(CAST(energy_wh AS DOUBLE) * epoch_us(quarter_start + INTERVAL 15 MINUTE - from_at)
                           / epoch_us(to_at - from_at) AS DECIMAL(18, 6)) END
            - CASE WHEN quarter_start <= from_at THEN 0
                   ELSE CAST(CAST(energy_wh AS DOUBLE) * epoch_us(quarter_start - from_at)
                             / epoch_us(to_at - from_at) AS DECIMAL(18, 6)) END
        ) AS energy_wh
    FROM step_quarters
    GROUP BY site_id, quarter_start
),
energies AS (
    SELECT
        site_id,
        CAST(timezone(time_zone, quarter_start) AS DATE) AS local_date,
        sum(energy_wh) AS energy_wh,
        -- Wh of a quarter of an hour, as mean power.
        max(energy_wh) * 4 AS peak_load_w
    FROM quarters
    GROUP BY site_id, local_date
),
starts AS (
    SELECT
        site_id,
        CAST(timezone(time_zone, started_at) AS DATE) AS local_date,
        count(*) AS sessions_started,
        count(DISTINCT id_token) AS unique_tokens
    FROM session_spans
    GROUP BY site_id, local_date
)
SELECT
    site_id,
    local_date,
    coalesce(times.connectors, 0) AS connectors,
    coalesce(times.connectors_used, 0) AS connectors_used,
    CAST(coalesce(round(times.open_us / 1000000), 0) AS BIGINT) AS open_seconds,
    CAST(coalesce(round(times.occupied_us / 1000000), 0) AS BIGINT) AS occupied_seconds,
    CAST(coalesce(round(times.charging_us / 1000000), 0) AS BIGINT) AS charging_seconds,
    CAST(coalesce(ratings.rated_wh, 0) AS DECIMAL(18, 6)) AS rated_wh,
    CAST(coalesce(energies.energy_wh, 0) AS DECIMAL(18, 6)) AS energy_wh,
    coalesce(starts.sessions_started, 0) AS sessions_started,
    coalesce(starts.unique_tokens, 0) AS unique_tokens,
    CAST(coalesce(energies.peak_load_w, 0) AS DECIMAL(18, 3)) AS peak_load_w
FROM days
LEFT JOIN times USING (site_id, local_date)
LEFT JOIN ratings USING (site_id, local_date)
LEFT JOIN energies USING (site_id, local_date)
LEFT JOIN starts USING (site_id, local_date)
WHERE times.site_id IS NOT NULL OR energies.site_id IS NOT NULL OR starts.site_id IS NOT NULL
