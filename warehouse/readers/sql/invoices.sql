WITH at_sites AS (
    SELECT DISTINCT invoice_id
    FROM billing.invoice_lines
    WHERE list_contains($sites, site_id)
)
SELECT
    invoices.month,
    invoices.invoice_id,
    invoices.contract_id,
    invoices.status,
    invoices.sessions,
    (invoices.energy_wh / 1000)::DOUBLE AS energy_kwh,
    invoices.currency,
    invoices.total_excl_vat,
    invoices.total_vat,
    invoices.total_incl_vat,
    operators.name AS operator
FROM billing.invoices AS invoices
JOIN at_sites USING (invoice_id)
LEFT JOIN registry.operators AS operators USING (operator_id)
WHERE month BETWEEN date_trunc('month', $first::DATE) AND $last
ORDER BY month DESC, total_excl_vat DESC, invoice_id
