-- Standing documents whose draft is gone: nothing of it is to be billed any more.
SELECT
    billed.draft_id,
    document.contract_id,
    document.operator_id,
    document.month,
    document.currency,
    billed.document_id AS standing
FROM billing.billed_drafts AS billed
JOIN billing.documents AS document USING (document_id)
ANTI JOIN billing.invoice_drafts AS drafts ON drafts.invoice_id = billed.draft_id
WHERE ($operator_id IS NULL OR document.operator_id = $operator_id)
    AND ($month IS NULL OR document.month = $month)
    AND ($contract_id IS NULL OR document.contract_id = $contract_id)
    AND ($draft_ids IS NULL OR list_contains($draft_ids, billed.draft_id))
ORDER BY billed.draft_id
