-- Invoices, credit notes and drafts of the month, beside the documents that are booked in it.
WITH documents AS (
    SELECT
        document_id,
        currency,
        total_excl_vat,
        month = CAST($month AS DATE) AS is_of_the_month,
        booked_month = CAST($month AS DATE) AS is_booked
    FROM billing.documents
    WHERE operator_id = $operator AND (month = CAST($month AS DATE) OR booked_month = CAST($month AS DATE))
),
joined AS (
    SELECT
        document_id,
        currency,
        CASE WHEN is_of_the_month THEN total_excl_vat ELSE 0 END AS left_amount,
        CASE WHEN is_booked THEN total_excl_vat ELSE 0 END AS right_amount,
        CASE WHEN NOT is_booked THEN 'booked_in_another_month' WHEN NOT is_of_the_month THEN 'of_another_month' END
            AS reason
    FROM documents
    UNION ALL
    SELECT invoice_id, currency, total_excl_vat, 0, 'draft'
    FROM billing.invoices
    WHERE operator_id = $operator AND month = CAST($month AS DATE) AND status = 'draft'
)
SELECT
    CAST(NULL AS VARCHAR) AS site_id,
    currency AS unit,
    reason,
    true AS explained,
    sum(left_amount) AS left_sum,
    sum(right_amount) AS right_sum,
    count(*) AS entries,
    min(document_id, 20) AS ids
FROM joined
GROUP BY ALL
