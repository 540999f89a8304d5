-- Documents whose postings do not balance: VAT or totals that are not those of their lines.
SELECT d.document_id, d.total_incl_vat AS debit, coalesce(sum(t.net + t.vat), 0) + any_value(d.rounding_amount) AS credit
FROM billing.documents AS d
LEFT JOIN billing.document_vat AS t USING (document_id)
WHERE d.booked_month >= $date_from
  AND d.booked_month < $date_to
  AND ($operator IS NULL OR d.operator_id = $operator)
GROUP BY ALL
HAVING debit <> credit
ORDER BY d.document_id
LIMIT 1
