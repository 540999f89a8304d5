-- Lines of the operator's invoices of the month, and every other line that bills one of the month's CDRs.
-- Of a credit note energy and amount are below zero.
SELECT
    lines.invoice_id,
    lines.line_no,
    lines.kind,
    lines.cdr_id,
    lines.site_id,
    lines.vat_percent,
    CASE WHEN invoices.kind = 'credit_note' THEN -abs(lines.energy_wh) ELSE lines.energy_wh END AS energy_wh,
    lines.amount_excl_vat,
    invoices.currency,
    invoices.kind AS document_kind,
    invoices.status,
    invoices.operator_id = $operator AND invoices.month = CAST($month AS DATE) AS is_of_the_month
FROM billing.invoice_lines AS lines
JOIN billing.invoices AS invoices USING (invoice_id)
WHERE is_of_the_month OR lines.cdr_id IN (SELECT cdr_id FROM month_cdrs)
