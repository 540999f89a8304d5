-- Issued documents, and drafts that no standing document says already.
SELECT
    document_id AS invoice_id,
    kind,
    contract_id,
    operator_id,
    month,
    currency,
    status,
    issue_date,
    corrects,
    sessions,
    energy_wh,
    total_excl_vat,
    total_vat,
    rounding_amount,
    total_incl_vat,
    rounding,
    lines_hash
FROM billing.documents
UNION ALL BY NAME
SELECT * EXCLUDE (tax_category), 'invoice' AS kind, 'draft' AS status
FROM billing.invoice_drafts AS drafts
WHERE NOT EXISTS (
    SELECT 1
    FROM billing.billed_drafts AS billed
    JOIN billing.documents AS document USING (document_id)
    WHERE billed.draft_id = drafts.invoice_id AND document.lines_hash = drafts.lines_hash
)
