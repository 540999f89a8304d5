-- Control sums of the documents booked in the month, per currency.
SELECT
    currency,
    count(*) FILTER (kind = 'invoice') AS invoices,
    count(*) FILTER (kind = 'credit_note') AS credit_notes,
    sum(total_excl_vat) AS total_excl_vat,
    sum(total_vat) AS total_vat,
    sum(total_incl_vat) AS total_incl_vat
FROM billing.documents
WHERE operator_id = $operator AND booked_month = CAST($month AS DATE)
GROUP BY currency
ORDER BY currency
