-- Lines of issued documents, and of the drafts among billing.invoices.
SELECT document_id AS invoice_id, * EXCLUDE (document_id)
FROM billing.document_lines
UNION ALL BY NAME
SELECT lines.*
FROM billing.invoice_draft_lines AS lines
SEMI JOIN (SELECT invoice_id FROM billing.invoices WHERE status = 'draft') AS drafts USING (invoice_id)
