SELECT
    document_id,
    kind,
    form,
    status,
    operator_id,
    owner_id,
    month,
    issue_date,
    due_date,
    corrects,
    currency,
    total_excl_vat,
    total_vat,
    total_incl_vat
FROM billing.owner_documents
WHERE month >= $date_from
  AND month < $date_to
  AND ($operator IS NULL OR operator_id = $operator)
ORDER BY month, owner_id, series, serial
