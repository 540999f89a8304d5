-- Invoices less credit notes booked in the month, with VAT, beside the invoices of it that stand. A credit note takes
-- back the whole of one invoice.
WITH documents AS (
    SELECT *, booked_month = CAST($month AS DATE) AS is_booked
    FROM billing.documents
    WHERE operator_id = $operator
),
pairs AS (
    SELECT
        coalesce(note.document_id, invoice.document_id) AS document_id,
        coalesce(invoice.currency, note.currency) AS currency,
        CASE WHEN invoice.is_booked THEN invoice.total_incl_vat ELSE 0 END
            + CASE WHEN note.is_booked THEN note.total_incl_vat ELSE 0 END AS left_amount,
        CASE WHEN invoice.is_booked AND invoice.status = 'issued' THEN invoice.total_incl_vat ELSE 0 END AS right_amount,
        CASE
            WHEN invoice.document_id IS NULL THEN 'credit_note_without_invoice'
            WHEN invoice.status = 'credited' AND note.document_id IS NULL THEN 'credited_without_credit_note'
            WHEN invoice.status = 'issued' AND note.document_id IS NOT NULL THEN 'credit_note_for_what_stands'
            WHEN invoice.total_incl_vat + note.total_incl_vat <> 0 THEN 'credit_note_differs'
            WHEN note.document_id IS NULL OR coalesce(invoice.is_booked, false) = coalesce(note.is_booked, false)
                THEN NULL
            WHEN invoice.is_booked THEN 'credited_in_another_month'
            ELSE 'takes_back_another_month'
        END AS reason
    FROM (FROM documents WHERE kind = 'invoice') AS invoice
    FULL JOIN (FROM documents WHERE kind = 'credit_note') AS note ON note.corrects = invoice.document_id
    WHERE invoice.is_booked OR note.is_booked
)
SELECT
    CAST(NULL AS VARCHAR) AS site_id,
    currency AS unit,
    reason,
    reason IS NULL OR reason IN ('credited_in_another_month', 'takes_back_another_month') AS explained,
    sum(left_amount) AS left_sum,
    sum(right_amount) AS right_sum,
    count(*) AS entries,
    min(document_id, 20) AS ids
FROM pairs
GROUP BY ALL
