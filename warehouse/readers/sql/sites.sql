WITH known AS (
    SELECT site_id FROM registry.sites
    UNION
    SELECT site_id FROM mart.site_days
)
SELECT
    known.site_id,
    coalesce(sites.name, 'Unregistered stations') AS name,
    coalesce(sites.time_zone, 'UTC') AS time_zone,
    sites.currency
FROM known
LEFT JOIN registry.sites AS sites USING (site_id)
ORDER BY sites.name NULLS LAST, known.site_id
