SELECT
    statement.month,
    statement.owner_contract_id,
    statement.owner_id,
    statement.site_id,
    coalesce(sites.name, statement.site_id) AS site,
    statement.currency,
    statement.sessions,
    (statement.energy_wh / 1000)::DOUBLE AS energy_kwh,
    statement.revenue_excl_vat,
    statement.share_percent,
    statement.share,
    statement.rent,
    statement.total_excl_vat,
    statement.vat_percent,
    statement.vat,
    statement.total_incl_vat
FROM billing.owner_statements AS statement
LEFT JOIN registry.sites AS sites USING (site_id)
WHERE list_contains($sites, statement.site_id)
    AND statement.month BETWEEN date_trunc('month', $first::DATE) AND $last
ORDER BY statement.month DESC, site, statement.owner_contract_id
