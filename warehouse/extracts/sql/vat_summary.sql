WITH categories AS (
    SELECT l.document_id, l.vat_percent, any_value(v.vat_category) AS vat_category
    FROM billing.document_lines AS l
    JOIN billing.line_categories AS v USING (document_id, line_no)
    GROUP BY ALL
)
SELECT
    d.operator_id,
    d.booked_month,
    t.country_code,
    c.vat_category,
    t.vat_percent,
    d.currency,
    count(DISTINCT d.document_id) FILTER (d.kind = 'invoice') AS invoices,
    count(DISTINCT d.document_id) FILTER (d.kind = 'credit_note') AS credit_notes,
    CAST(sum(t.net) AS DECIMAL(18, 4)) AS net,
    CAST(sum(t.vat) AS DECIMAL(18, 4)) AS vat,
    CAST(sum(t.net + t.vat) AS DECIMAL(18, 4)) AS gross
FROM billing.document_vat AS t
JOIN billing.documents AS d USING (document_id)
LEFT JOIN categories AS c USING (document_id, vat_percent)
WHERE d.booked_month >= $date_from
  AND d.booked_month < $date_to
  AND ($operator IS NULL OR d.operator_id = $operator)
GROUP BY ALL
ORDER BY d.operator_id, d.booked_month, t.country_code, c.vat_category, t.vat_percent, d.currency
