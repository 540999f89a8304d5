WITH touching AS (
    SELECT DISTINCT invoice_id
    FROM billing.invoice_lines
    WHERE $sites IS NOT NULL AND list_contains($sites, site_id)
)
SELECT
    invoice_id,
    contract_id,
    operator_id,
    month,
    status,
    sessions,
    CAST(energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    currency,
    total_excl_vat,
    total_vat,
    rounding_amount,
    total_incl_vat
FROM billing.invoices
WHERE month >= $date_from
  AND month < $date_to
  AND ($sites IS NULL OR invoice_id IN (SELECT invoice_id FROM touching))
ORDER BY month, contract_id, currency, invoice_id
