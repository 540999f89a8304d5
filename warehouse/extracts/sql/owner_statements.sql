SELECT
    s.owner_contract_id,
    s.owner_id,
    s.site_id,
    x.name AS site_name,
    s.month,
    s.sessions,
    CAST(s.energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    s.currency,
    s.revenue_excl_vat,
    s.share_percent,
    s.share,
    s.rent,
    s.total_excl_vat,
    s.vat_percent,
    s.vat,
    s.total_incl_vat
FROM billing.owner_statements AS s
LEFT JOIN registry.sites AS x ON x.site_id = s.site_id
WHERE s.month >= $date_from
  AND s.month < $date_to
  AND ($sites IS NULL OR list_contains($sites, s.site_id))
ORDER BY s.month, s.site_id, s.owner_contract_id
