-- Every step has a row for every site, so that a line breaks where nothing was in service. Beyond the `$shown` sites
-- with most energy the rest stands as one.
WITH steps AS (
    SELECT DISTINCT date_trunc($grain, day)::DATE AS period
    FROM generate_series($first::DATE::TIMESTAMP, $last::DATE::TIMESTAMP, INTERVAL 1 DAY) AS days(day)
),
days AS (
    SELECT *
    FROM mart.site_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
),
ranked AS (
    SELECT site_id, row_number() OVER (ORDER BY sum(energy_wh) DESC, site_id) AS place, count(*) OVER () AS sites
    FROM days
    GROUP BY site_id
),
groups AS (
    SELECT
        ranked.site_id,
        CASE WHEN rest THEN NULL ELSE ranked.site_id END AS group_id,
        CASE WHEN rest THEN 'Other sites' ELSE coalesce(sites.name, 'Unregistered stations') END AS site
    FROM (SELECT *, sites > $shown AND place >= $shown AS rest FROM ranked) AS ranked
    LEFT JOIN registry.sites AS sites USING (site_id)
),
sums AS (
    SELECT
        site,
        date_trunc($grain, local_date)::DATE AS period,
        sum(sessions_started)::BIGINT AS sessions,
        sum(energy_wh) / 1000 AS energy_kwh,
        sum(open_seconds)::BIGINT AS open_seconds,
        sum(occupied_seconds)::BIGINT AS occupied_seconds,
        sum(charging_seconds)::BIGINT AS charging_seconds,
        -- A rate is of what was in service: stations that no site has registered yet are open at no time.
        sum(occupied_seconds) FILTER (open_seconds > 0)::BIGINT AS occupied_open_seconds,
        sum(charging_seconds) FILTER (open_seconds > 0)::BIGINT AS charging_open_seconds,
        sum(energy_wh) FILTER (rated_wh > 0) / 1000 AS rated_energy_kwh,
        sum(rated_wh) / 1000 AS rated_kwh
    FROM days
    JOIN groups USING (site_id)
    GROUP BY site, period
),
-- One connector open for a few hours of a month would draw a rate as high as the house: none is given below 5 %
-- of the open time of the site's fullest step. The sums stay.
open_enough AS (
    SELECT
        *,
        CASE WHEN open_seconds >= 0.05 * max(open_seconds) OVER (PARTITION BY site) THEN open_seconds END AS divisor
    FROM sums
)
SELECT
    period,
    shown.site_id,
    site,
    sessions,
    energy_kwh::DOUBLE AS energy_kwh,
    open_seconds / 3600 AS open_hours,
    occupied_seconds / 3600 AS occupied_hours,
    charging_seconds / 3600 AS charging_hours,
    rated_kwh::DOUBLE AS rated_kwh,
    occupied_open_seconds / divisor AS occupied_utilization,
    charging_open_seconds / divisor AS charging_utilization,
    (occupied_open_seconds - charging_open_seconds) / divisor AS idle_utilization,
    CASE WHEN divisor > 0 THEN rated_energy_kwh::DOUBLE / nullif(rated_kwh, 0) END AS capacity_factor
FROM steps
CROSS JOIN (SELECT DISTINCT group_id AS site_id, site FROM groups) AS shown
LEFT JOIN open_enough USING (site, period)
ORDER BY shown.site_id NULLS LAST, period
