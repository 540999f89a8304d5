-- One posting per document, country and VAT rate: the gross, receivables against revenue.
SELECT
    d.operator_id,
    d.booked_month,
    d.document_id,
    d.kind AS document_kind,
    d.issue_date,
    d.due_date,
    d.contract_id,
    d.currency,
    t.country_code,
    t.vat_percent,
    CAST(t.net + t.vat AS DECIMAL(18, 4)) AS gross,
    (
        SELECT arg_max(r.account, r.operator_id = d.operator_id)
        FROM receivable_accounts AS r
        WHERE r.operator_id IN (d.operator_id, '*')
    ) AS account,
    (
        SELECT arg_min(
            {'account': r.account, 'bu_key': r.bu_key}, r.place + CASE WHEN r.operator_id = '*' THEN 1000000 ELSE 0 END
        )
        FROM revenue_accounts AS r
        WHERE r.operator_id IN (d.operator_id, '*')
          AND r.vat_percent = t.vat_percent
          AND (r.country_code IS NULL OR r.country_code = t.country_code)
          AND (r.tax_category IS NULL OR r.tax_category = t.tax_category)
    ) AS contra
FROM billing.document_vat AS t
JOIN billing.documents AS d USING (document_id)
WHERE d.booked_month >= $date_from
  AND d.booked_month < $date_to
  AND ($operator IS NULL OR d.operator_id = $operator)
  AND t.net + t.vat <> 0
ORDER BY d.booked_month, d.operator_id, d.document_id, t.country_code, t.vat_percent
