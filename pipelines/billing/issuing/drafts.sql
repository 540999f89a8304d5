-- Drafts that no standing document says already, with the document that stands for an older state of them.
SELECT
    drafts.invoice_id AS draft_id,
    drafts.contract_id,
    drafts.operator_id,
    drafts.month,
    drafts.currency,
    drafts.sessions,
    drafts.energy_wh,
    drafts.lines_hash,
    drafts.tax_category,
    billed.document_id AS standing
FROM billing.invoice_drafts AS drafts
SEMI JOIN (SELECT invoice_id FROM billing.invoices WHERE status = 'draft') AS open_drafts USING (invoice_id)
LEFT JOIN billing.billed_drafts AS billed ON billed.draft_id = drafts.invoice_id
WHERE ($operator_id IS NULL OR drafts.operator_id = $operator_id)
    AND ($month IS NULL OR drafts.month = $month)
    AND ($contract_id IS NULL OR drafts.contract_id = $contract_id)
    AND ($draft_ids IS NULL OR list_contains($draft_ids, drafts.invoice_id))
ORDER BY drafts.month, drafts.contract_id, drafts.currency, drafts.invoice_id
