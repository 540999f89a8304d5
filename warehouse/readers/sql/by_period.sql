-- Every step has a row for every site, so that a line breaks where nothing was in service.
WITH steps AS (
    SELECT DISTINCT date_trunc($grain, day)::DATE AS period
    FROM generate_series($first::DATE::TIMESTAMP, $last::DATE::TIMESTAMP, INTERVAL 1 DAY) AS days(day)
),
chosen AS (
    SELECT unnest($sites) AS site_id
),
sums AS (
    SELECT
        site_id,
        date_trunc($grain, local_date)::DATE AS period,
        sum(sessions_started)::BIGINT AS sessions,
        sum(energy_wh) / 1000 AS energy_kwh,
        sum(open_seconds)::BIGINT AS open_seconds,
        sum(occupied_seconds)::BIGINT AS occupied_seconds,
        sum(charging_seconds)::BIGINT AS charging_seconds,
        sum(rated_wh) / 1000 AS rated_kwh
    FROM mart.site_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
    GROUP BY site_id, period
)
SELECT
    period,
    site_id,
    coalesce(sites.name, 'Unregistered stations') AS site,
    sessions,
    energy_kwh::DOUBLE AS energy_kwh,
    open_seconds / 3600 AS open_hours,
    occupied_seconds / 3600 AS occupied_hours,
    charging_seconds / 3600 AS charging_hours,
    occupied_seconds / nullif(open_seconds, 0) AS occupied_utilization,
    charging_seconds / nullif(open_seconds, 0) AS charging_utilization,
    (occupied_seconds - charging_seconds) / nullif(open_seconds, 0) AS idle_utilization,
    energy_kwh::DOUBLE / nullif(rated_kwh, 0) AS capacity_factor
FROM steps
CROSS JOIN chosen
LEFT JOIN sums USING (site_id, period)
LEFT JOIN registry.sites AS sites USING (site_id)
ORDER BY site, site_id, period
