WITH expected AS (
    SELECT site_id, model, max(origin_date) AS origin_date, sum(energy_wh_mean) / 1000 AS energy_kwh
    FROM forecast.demand
    WHERE list_contains($sites, site_id)
    GROUP BY site_id, model
),
delivered AS (
    SELECT site_id, model, (sum(energy_wh) / 1000)::DOUBLE AS energy_kwh_before
    FROM mart.site_days
    JOIN expected USING (site_id)
    WHERE local_date BETWEEN origin_date - 27 AND origin_date
    GROUP BY site_id, model
)
SELECT site_id, model, origin_date, energy_kwh, energy_kwh_before
FROM expected
LEFT JOIN delivered USING (site_id, model)
ORDER BY site_id, model
