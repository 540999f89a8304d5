-- Issued documents, and the drafts of what no document stands for yet. A draft that has changed since its document was
-- issued is not a row of its own: its document counts until another takes its place, and says so in `due`.
SELECT
    document.document_id AS invoice_id,
    document.kind,
    document.contract_id,
    document.operator_id,
    document.month,
    document.booked_month,
    document.currency,
    document.status,
    due_documents.due,
    document.issue_date,
    document.due_date,
    document.corrects,
    CASE WHEN document.kind = 'credit_note' THEN -document.sessions ELSE document.sessions END AS sessions,
    document.energy_wh,
    document.total_excl_vat,
    document.total_vat,
    document.rounding_amount,
    document.total_incl_vat,
    document.rounding,
    document.lines_hash
FROM billing.documents AS document
LEFT JOIN billing.due_documents ON due_documents.standing = document.document_id
UNION ALL BY NAME
SELECT draft_id AS invoice_id, 'invoice' AS kind, 'draft' AS status, * EXCLUDE (draft_id, standing, tax_category)
FROM billing.due_documents
WHERE due = 'new'
