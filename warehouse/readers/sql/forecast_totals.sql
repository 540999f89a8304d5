WITH expected AS (
    SELECT site_id, max(origin_date) AS origin_date, sum(energy_wh_mean) / 1000 AS energy_kwh
    FROM forecast.demand
    WHERE list_contains($sites, site_id) AND model = 'weekday_mean'
    GROUP BY site_id
),
delivered AS (
    SELECT site_id, (sum(energy_wh) / 1000)::DOUBLE AS energy_kwh_before
    FROM mart.site_days
    JOIN expected USING (site_id)
    WHERE local_date BETWEEN origin_date - 27 AND origin_date
    GROUP BY site_id
)
SELECT site_id, origin_date, energy_kwh, energy_kwh_before
FROM expected
LEFT JOIN delivered USING (site_id)
ORDER BY site_id
