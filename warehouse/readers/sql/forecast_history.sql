WITH origins AS (
    SELECT site_id, max(origin_date) AS origin_date
    FROM forecast.demand
    WHERE list_contains($sites, site_id)
    GROUP BY site_id
)
SELECT
    days.site_id,
    coalesce(sites.name, 'Unregistered stations') AS site,
    days.local_date,
    (days.energy_wh / 1000)::DOUBLE AS energy_kwh
FROM mart.site_days AS days
JOIN origins USING (site_id)
LEFT JOIN registry.sites AS sites USING (site_id)
WHERE days.local_date BETWEEN origin_date - $days::INTEGER + 1 AND origin_date
ORDER BY site, days.site_id, days.local_date
