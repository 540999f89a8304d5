-- What is to be issued and is booked in the month once it is: its own, and that of earlier months that are closed.
WITH closed AS (
    SELECT month FROM billing.periods WHERE operator_id = $operator AND state = 'closed'
)
SELECT draft_id AS invoice_id, total_incl_vat IS NULL AS is_vat_unknown
FROM billing.due_documents
WHERE operator_id = $operator
    AND (
        month = CAST($month AS DATE)
        OR (month < CAST($month AS DATE) AND month IN (FROM closed) AND NOT EXISTS (
            -- Another open month lies between: the draft is booked there.
            FROM (SELECT unnest(generate_series(month, CAST($month AS DATE) - INTERVAL 1 MONTH, INTERVAL 1 MONTH)) AS between_month)
            WHERE CAST(between_month AS DATE) NOT IN (FROM closed)
        ))
    )
ORDER BY draft_id
