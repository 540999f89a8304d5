-- Lines of the rows of billing.invoices: of issued documents, and of drafts that no document stands for yet.
SELECT document_id AS invoice_id, * EXCLUDE (document_id)
FROM billing.document_lines
UNION ALL BY NAME
SELECT lines.*
FROM billing.invoice_draft_lines AS lines
SEMI JOIN (SELECT draft_id FROM billing.due_documents WHERE due = 'new') AS drafts ON drafts.draft_id = lines.invoice_id
