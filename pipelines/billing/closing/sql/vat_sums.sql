-- VAT of the documents booked in the month, per country and rate.
SELECT
    country_code,
    vat_percent,
    currency,
    sum(taxes.net) AS net,
    sum(taxes.vat) AS vat,
    sum(taxes.net + taxes.vat) AS gross
FROM billing.document_vat AS taxes
JOIN billing.documents USING (document_id)
WHERE operator_id = $operator AND booked_month = CAST($month AS DATE)
GROUP BY ALL
ORDER BY country_code, vat_percent, currency
