WITH sums AS (
    SELECT
        site_id,
        max(connectors) AS connectors,
        count(*) FILTER (WHERE sessions_started > 0) AS in_use_days,
        sum(sessions_started)::BIGINT AS sessions,
        sum(energy_wh) / 1000 AS energy_kwh,
        sum(open_seconds)::BIGINT AS open_seconds,
        sum(occupied_seconds)::BIGINT AS occupied_seconds,
        sum(charging_seconds)::BIGINT AS charging_seconds,
        -- A rate is of what was in service: stations that no site has registered yet are open at no time.
        sum(occupied_seconds) FILTER (open_seconds > 0)::BIGINT AS occupied_open_seconds,
        sum(charging_seconds) FILTER (open_seconds > 0)::BIGINT AS charging_open_seconds,
        sum(energy_wh) FILTER (rated_wh > 0) / 1000 AS rated_energy_kwh,
        sum(rated_wh) / 1000 AS rated_kwh,
        max(peak_load_w) / 1000 AS peak_load_kw
    FROM mart.site_days
    WHERE list_contains($sites, site_id) AND local_date BETWEEN $first AND $last
    GROUP BY site_id
)
SELECT
    sums.site_id,
    coalesce(sites.name, 'Unregistered stations') AS site,
    connectors,
    in_use_days,
    sessions,
    energy_kwh::DOUBLE AS energy_kwh,
    occupied_open_seconds / nullif(open_seconds, 0) AS occupied_utilization,
    charging_open_seconds / nullif(open_seconds, 0) AS charging_utilization,
    (occupied_open_seconds - charging_open_seconds) / nullif(open_seconds, 0) AS idle_utilization,
    rated_energy_kwh::DOUBLE / nullif(rated_kwh, 0) AS capacity_factor,
    peak_load_kw::DOUBLE AS peak_load_kw
FROM sums
LEFT JOIN registry.sites AS sites USING (site_id)
ORDER BY energy_kwh DESC, sums.site_id
