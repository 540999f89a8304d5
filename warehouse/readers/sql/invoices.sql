-- Whole invoices that touch the sites.
WITH at_sites AS (
    SELECT DISTINCT invoice_id
    FROM billing.invoice_lines
    WHERE list_contains($sites, site_id)
),
chosen AS (
    SELECT invoices.*
    FROM billing.invoices AS invoices
    JOIN at_sites USING (invoice_id)
    WHERE month BETWEEN date_trunc('month', $first::DATE) AND $last
        AND ($month::DATE IS NULL OR month = $month)
        AND contains(lower(concat_ws(' ', invoice_id, contract_id)), lower($text))
)
SELECT
    month,
    invoice_id,
    contract_id,
    kind,
    status,
    due,
    issue_date,
    due_date,
    corrects,
    sessions,
    (energy_wh / 1000)::DOUBLE AS energy_kwh,
    currency,
    total_excl_vat,
    total_vat,
    total_incl_vat,
    operators.name AS operator
FROM chosen
LEFT JOIN registry.operators AS operators USING (operator_id)
ORDER BY month DESC, total_excl_vat DESC, invoice_id
LIMIT $limit
