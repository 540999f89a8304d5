-- One row a connector and UTC hour in service or with a session.
WITH interval_hours AS (
    SELECT *, unnest(generate_series(date_trunc('hour', from_at), to_at - INTERVAL 1 MICROSECOND, INTERVAL 1 HOUR))
        AS hour_start
    FROM intervals
),
times AS (
    SELECT
        station_id, evse_id, connector_id, hour_start, kind,
        epoch_us(least(to_at, hour_start + INTERVAL 1 HOUR)) - epoch_us(greatest(from_at, hour_start)) AS microseconds
    FROM interval_hours
),
step_hours AS (
    SELECT
        station_id, evse_id, connector_id, from_at, to_at, energy_wh,
        unnest(generate_series(
            date_trunc('hour', from_at), greatest(from_at, to_at - INTERVAL 1 MICROSECOND), INTERVAL 1 HOUR
        )) AS hour_start
    FROM step_spans
),
energies AS (
    -- Each cut is rounded as a running total, so that the parts sum exactly to the whole.
    SELECT
        station_id, evse_id, connector_id, hour_start,
        CASE WHEN hour_start + INTERVAL 1 HOUR >= to_at THEN energy_wh
             ELSE CAST(CAST(energy_wh AS DOUBLE) * epoch_us(hour_start + INTERVAL 1 HOUR - from_at)
                       / epoch_us(to_at - from_at) AS DECIMAL(18, 6)) END
        - CASE WHEN hour_start <= from_at THEN 0
               ELSE CAST(CAST(energy_wh AS DOUBLE) * epoch_us(hour_start - from_at)
                         / epoch_us(to_at - from_at) AS DECIMAL(18, 6)) END AS energy_wh
    FROM step_hours
),
facts AS (
    SELECT station_id, evse_id, connector_id, hour_start, kind, microseconds, 0.0::DECIMAL(18, 6) AS energy_wh FROM times
    UNION ALL
    SELECT station_id, evse_id, connector_id, hour_start, 'energy', 0, energy_wh FROM energies
    UNION ALL
    SELECT station_id, evse_id, connector_id, date_trunc('hour', started_at), 'started', 0, 0 FROM session_spans
)
SELECT
    spans.site_id,
    station_id,
    evse_id,
    connector_id,
    hour_start,
    CAST(coalesce(round(sum(microseconds) FILTER (kind = 'open') / 1000000), 0) AS BIGINT) AS open_seconds,
    CAST(coalesce(round(sum(microseconds) FILTER (kind = 'occupied') / 1000000), 0) AS BIGINT) AS occupied_seconds,
    CAST(coalesce(round(sum(microseconds) FILTER (kind = 'charging') / 1000000), 0) AS BIGINT) AS charging_seconds,
    CASE WHEN bool_or(kind = 'known')
         THEN CAST(coalesce(round(sum(microseconds) FILTER (kind = 'offline') / 1000000), 0) AS BIGINT)
    END AS offline_seconds,
    CASE WHEN bool_or(kind = 'known')
         THEN CAST(coalesce(round(sum(microseconds) FILTER (kind = 'faulted') / 1000000), 0) AS BIGINT)
    END AS faulted_seconds,
    CAST(sum(energy_wh) AS DECIMAL(18, 6)) AS energy_wh,
    count(*) FILTER (kind = 'started') AS sessions_started
FROM facts
JOIN spans USING (station_id)
WHERE hour_start >= spans.first_hour AND hour_start < spans.end_hour
GROUP BY spans.site_id, station_id, evse_id, connector_id, hour_start
HAVING bool_or(kind IN ('open', 'occupied', 'energy', 'started'))
