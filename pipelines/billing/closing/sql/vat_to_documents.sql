-- VAT of the documents booked in the month: per rate on the sum of their lines, beside what the documents say; and
-- amounts before and with VAT differ by it, and by what the amount due was rounded by.
WITH rates AS (
    SELECT document_id, sum(vat) AS vat FROM billing.document_vat GROUP BY document_id
),
documents AS (
    SELECT
        document_id,
        currency,
        coalesce(rates.vat, 0) AS vat,
        total_vat,
        CASE
            WHEN coalesce(rates.vat, 0) <> total_vat THEN 'vat_differs'
            WHEN total_excl_vat + total_vat + rounding_amount <> total_incl_vat THEN 'total_differs'
        END AS reason
    FROM billing.documents
    LEFT JOIN rates USING (document_id)
    WHERE operator_id = $operator AND booked_month = CAST($month AS DATE)
)
SELECT
    CAST(NULL AS VARCHAR) AS site_id,
    currency AS unit,
    reason,
    reason IS NULL AS explained,
    sum(vat) AS left_sum,
    sum(total_vat) AS right_sum,
    count(*) AS entries,
    min(document_id, 20) AS ids
FROM documents
GROUP BY ALL
