SELECT
    tests.site_id,
    coalesce(any_value(sites.name), 'Unregistered stations') AS site,
    model,
    count(DISTINCT origin_date) AS origins,
    count(*) AS days,
    min(origin_date) AS first_origin,
    max(origin_date) AS last_origin,
    sum(abs(energy_wh_mean - actual_wh)) / nullif(sum(actual_wh), 0) AS wape,
    avg(abs(energy_wh_mean - actual_wh) / nullif(naive_scale_wh, 0)) AS mase,
    sum(energy_wh_mean - actual_wh) / nullif(sum(actual_wh), 0) AS bias,
    avg((actual_wh BETWEEN energy_wh_p10 AND energy_wh_p90)::INTEGER) AS cover_80,
    avg((actual_wh BETWEEN energy_wh_p2_5 AND energy_wh_p97_5)::INTEGER) AS cover_95
FROM forecast.backtests AS tests
LEFT JOIN registry.sites AS sites USING (site_id)
WHERE list_contains($sites, tests.site_id)
GROUP BY tests.site_id, model
ORDER BY site, tests.site_id, wape
