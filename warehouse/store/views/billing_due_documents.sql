-- What issuing would do now: drafts beside the document that stands for each, where the two do not say the same.
WITH standing AS (
    SELECT
        billed.draft_id,
        billed.document_id,
        document.contract_id,
        document.operator_id,
        document.month,
        document.currency,
        document.lines_hash
    FROM billing.billed_drafts AS billed
    JOIN billing.documents AS document USING (document_id)
)
SELECT
    drafts.invoice_id AS draft_id,
    CASE WHEN standing.draft_id IS NULL THEN 'new' ELSE 'changed' END AS due,
    standing.document_id AS standing,
    drafts.contract_id,
    drafts.operator_id,
    drafts.month,
    drafts.currency,
    drafts.sessions,
    drafts.energy_wh,
    drafts.total_excl_vat,
    drafts.total_vat,
    drafts.total_incl_vat,
    drafts.rounding,
    drafts.lines_hash,
    drafts.tax_category
FROM billing.invoice_drafts AS drafts
LEFT JOIN standing ON standing.draft_id = drafts.invoice_id
WHERE standing.lines_hash IS DISTINCT FROM drafts.lines_hash
UNION ALL
SELECT
    standing.draft_id,
    'gone',
    standing.document_id,
    standing.contract_id,
    standing.operator_id,
    standing.month,
    standing.currency,
    0,
    0,
    0,
    0,
    0,
    'half_up_per_line',
    '',
    NULL
FROM standing
ANTI JOIN billing.invoice_drafts AS drafts ON drafts.invoice_id = standing.draft_id
