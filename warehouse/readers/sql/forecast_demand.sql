SELECT
    demand.site_id,
    coalesce(sites.name, 'Unregistered stations') AS site,
    model,
    origin_date,
    local_date,
    horizon_days,
    energy_wh_mean / 1000 AS energy_kwh,
    energy_wh_p2_5 / 1000 AS energy_kwh_p2_5,
    energy_wh_p10 / 1000 AS energy_kwh_p10,
    energy_wh_p90 / 1000 AS energy_kwh_p90,
    energy_wh_p97_5 / 1000 AS energy_kwh_p97_5
FROM forecast.demand AS demand
LEFT JOIN registry.sites AS sites USING (site_id)
WHERE list_contains($sites, demand.site_id)
ORDER BY site, demand.site_id, model, local_date
