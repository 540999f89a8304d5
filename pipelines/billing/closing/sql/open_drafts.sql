-- Drafts that are booked in the month once they are issued: its own, and those of earlier months that are closed.
WITH closed AS (
    SELECT month FROM billing.periods WHERE operator_id = $operator AND state = 'closed'
),
-- What is to be issued: drafts, and credit notes for documents of which nothing is to be billed any more.
due AS (
    SELECT invoice_id, operator_id, month, total_incl_vat IS NULL AS is_vat_unknown
    FROM billing.invoices
    WHERE status = 'draft'
    UNION ALL
    SELECT billed.draft_id, document.operator_id, document.month, false
    FROM billing.billed_drafts AS billed
    JOIN billing.documents AS document USING (document_id)
    ANTI JOIN billing.invoice_drafts AS drafts ON drafts.invoice_id = billed.draft_id
)
SELECT invoice_id, is_vat_unknown
FROM due
WHERE operator_id = $operator
    AND (
        month = CAST($month AS DATE)
        OR (month < CAST($month AS DATE) AND month IN (FROM closed) AND NOT EXISTS (
            -- Another open month lies between: the draft is booked there.
            FROM (SELECT unnest(generate_series(month, CAST($month AS DATE) - INTERVAL 1 MONTH, INTERVAL 1 MONTH)) AS between_month)
            WHERE CAST(between_month AS DATE) NOT IN (FROM closed)
        ))
    )
ORDER BY invoice_id
