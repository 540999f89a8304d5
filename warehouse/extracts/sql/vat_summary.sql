SELECT
    d.operator_id,
    d.booked_month,
    t.country_code,
    t.tax_category,
    t.vat_percent,
    d.currency,
    count(DISTINCT d.document_id) FILTER (d.kind = 'invoice') AS invoices,
    count(DISTINCT d.document_id) FILTER (d.kind = 'credit_note') AS credit_notes,
    CAST(sum(t.net) AS DECIMAL(18, 4)) AS net,
    CAST(sum(t.vat) AS DECIMAL(18, 4)) AS vat,
    CAST(sum(t.net + t.vat) AS DECIMAL(18, 4)) AS gross
FROM billing.document_vat AS t
JOIN billing.documents AS d USING (document_id)
WHERE d.booked_month >= $date_from
  AND d.booked_month < $date_to
  AND ($operator IS NULL OR d.operator_id = $operator)
GROUP BY ALL
ORDER BY d.operator_id, d.booked_month, t.country_code, t.tax_category, t.vat_percent, d.currency
