-- What issuing would do now, beside what stands until then.
SELECT
    due.draft_id,
    due.due,
    due.standing,
    due.contract_id,
    due.month,
    due.sessions,
    CAST(due.energy_wh * 0.001 AS DECIMAL(18, 3)) AS energy_kwh,
    due.currency,
    document.total_incl_vat AS standing_incl_vat,
    due.total_excl_vat,
    due.total_vat,
    due.total_incl_vat
FROM billing.due_documents AS due
LEFT JOIN billing.documents AS document ON document.document_id = due.standing
WHERE ($month::DATE IS NULL OR due.month = $month)
    AND ($contract_id::VARCHAR IS NULL OR due.contract_id = $contract_id)
    AND ($standing::VARCHAR IS NULL OR due.standing = $standing)
ORDER BY due.month DESC, due.contract_id, due.draft_id
