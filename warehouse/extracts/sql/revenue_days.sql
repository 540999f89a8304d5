SELECT
    r.site_id,
    x.name AS site_name,
    x.operator_id,
    r.local_date,
    r.currency,
    r.rated_sessions,
    CAST(r.rated_wh * 0.001 AS DECIMAL(18, 9)) AS rated_kwh,
    r.rated_excl_vat,
    r.billed_sessions,
    r.billed_excl_vat,
    r.unpriced_sessions
FROM mart.revenue_days AS r
LEFT JOIN registry.sites AS x ON x.site_id = r.site_id
WHERE r.local_date >= $date_from
  AND r.local_date < $date_to
  AND ($sites IS NULL OR list_contains($sites, r.site_id))
  AND ($operator IS NULL OR x.operator_id = $operator)
ORDER BY r.local_date, r.site_id, r.currency
