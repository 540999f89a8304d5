-- What is to be issued, with the document that stands for an older state of it. What is gone has no lines any more: its
-- document is only taken back.
SELECT
    draft_id,
    contract_id,
    operator_id,
    month,
    currency,
    sessions,
    energy_wh,
    lines_hash,
    tax_category,
    standing
FROM billing.due_documents
WHERE ($operator_id IS NULL OR operator_id = $operator_id)
    AND ($month IS NULL OR month = $month)
    AND ($contract_id IS NULL OR contract_id = $contract_id)
    AND ($draft_ids IS NULL OR list_contains($draft_ids, draft_id))
ORDER BY due = 'gone', month, contract_id, currency, draft_id
