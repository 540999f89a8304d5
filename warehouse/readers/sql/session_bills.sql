-- Invoice lines that rest on a session.
SELECT
    lines.invoice_id,
    lines.line_no,
    invoices.contract_id,
    invoices.month,
    invoices.status,
    invoices.currency,
    lines.amount_excl_vat,
    lines.vat_percent,
    lines.cdr_id
FROM billing.invoice_lines AS lines
JOIN billing.invoices AS invoices USING (invoice_id)
WHERE lines.session_id = $session_id
ORDER BY invoices.month, lines.invoice_id, lines.line_no
