-- Agreements of one owner with one operator in one month, with the name of the site as people use it.
SELECT
    statement.owner_contract_id,
    coalesce(site.name, statement.site_id) AS site,
    statement.sessions,
    statement.energy_wh,
    statement.revenue_excl_vat,
    statement.share_percent,
    statement.share,
    statement.rent,
    statement.rent_per_month,
    statement.rent_days,
    statement.days_of_month,
    statement.vat_percent
FROM billing.owner_statements AS statement
JOIN registry.sites AS site USING (site_id)
WHERE site.operator_id = $operator_id
    AND statement.owner_id = $owner_id
    AND statement.month = $month
    AND statement.currency = $currency
ORDER BY site, statement.owner_contract_id
