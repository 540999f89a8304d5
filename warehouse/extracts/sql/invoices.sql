WITH touching AS (
    SELECT DISTINCT invoice_id
    FROM billing.invoice_lines
    WHERE $sites IS NOT NULL AND list_contains($sites, site_id)
),
settled AS (
    SELECT document_id, sum(amount) AS amount FROM billing.allocations GROUP BY document_id
)
SELECT
    i.invoice_id,
    i.kind,
    i.status,
    i.due,
    i.corrects,
    i.contract_id,
    i.operator_id,
    i.month,
    i.booked_month,
    i.issue_date,
    i.due_date,
    i.sessions,
    CAST(i.energy_wh * 0.001 AS DECIMAL(18, 9)) AS energy_kwh,
    i.currency,
    i.total_excl_vat,
    i.total_vat,
    i.rounding_amount,
    i.total_incl_vat,
    CASE WHEN i.status <> 'draft' THEN CAST(i.total_incl_vat - coalesce(s.amount, 0) AS DECIMAL(18, 4)) END AS open
FROM billing.invoices AS i
LEFT JOIN settled AS s ON s.document_id = i.invoice_id
WHERE i.month >= $date_from
  AND i.month < $date_to
  AND ($operator IS NULL OR i.operator_id = $operator)
  AND ($sites IS NULL OR i.invoice_id IN (SELECT invoice_id FROM touching))
ORDER BY i.month, i.contract_id, i.currency, i.invoice_id
