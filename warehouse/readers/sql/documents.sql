SELECT
    invoice_id,
    kind,
    status,
    due,
    contract_id,
    month,
    issue_date,
    due_date,
    corrects,
    sessions,
    CAST(energy_wh * 0.001 AS DECIMAL(18, 3)) AS energy_kwh,
    currency,
    total_excl_vat,
    total_vat,
    total_incl_vat
FROM billing.invoices
WHERE ($month::DATE IS NULL OR month = $month)
    AND ($contract_id::VARCHAR IS NULL OR contract_id = $contract_id)
    AND ($status::VARCHAR IS NULL OR status = $status)
ORDER BY month DESC, contract_id, issue_date NULLS LAST, invoice_id
