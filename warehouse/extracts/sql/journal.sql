-- Double entry: an invoice debits receivables with the gross and credits revenue, VAT and what the amount due was rounded by; a credit note
-- the reverse.
WITH documents AS (
    SELECT *
    FROM billing.documents
    WHERE booked_month >= $date_from
      AND booked_month < $date_to
      AND ($operator IS NULL OR operator_id = $operator)
),
postings AS (
    SELECT
        document_id,
        'receivables' AS role,
        '' AS country_code,
        CAST(NULL AS DECIMAL(7, 4)) AS vat_percent,
        CAST(NULL AS VARCHAR) AS tax_category,
        total_incl_vat AS debit
    FROM documents
    UNION ALL
    SELECT t.document_id, 'revenue', t.country_code, t.vat_percent, t.tax_category, -t.net
    FROM billing.document_vat AS t
    SEMI JOIN documents USING (document_id)
    WHERE t.net <> 0
    UNION ALL
    SELECT t.document_id, 'vat', t.country_code, t.vat_percent, t.tax_category, -t.vat
    FROM billing.document_vat AS t
    SEMI JOIN documents USING (document_id)
    WHERE t.vat <> 0
    UNION ALL
    SELECT document_id, 'rounding', '', NULL, NULL, -rounding_amount
    FROM documents
    WHERE rounding_amount <> 0
),
accounts AS (
    SELECT
        p.*,
        d.operator_id,
        d.booked_month,
        d.issue_date,
        d.kind,
        d.contract_id,
        d.currency,
        CASE p.role
            WHEN 'receivables' THEN (
                SELECT arg_max(r.account, r.operator_id = d.operator_id)
                FROM receivable_accounts AS r
                WHERE r.operator_id IN (d.operator_id, '*')
            )
            WHEN 'rounding' THEN (
                SELECT arg_max(r.rounding_account, r.operator_id = d.operator_id)
                FROM receivable_accounts AS r
                WHERE r.operator_id IN (d.operator_id, '*')
            )
            ELSE (
                SELECT arg_min(
                    CASE p.role WHEN 'revenue' THEN r.account ELSE r.vat_account END,
                    r.place + CASE WHEN r.operator_id = '*' THEN 1000000 ELSE 0 END
                )
                FROM revenue_accounts AS r
                WHERE r.operator_id IN (d.operator_id, '*')
                  AND r.vat_percent = p.vat_percent
                  AND (r.country_code IS NULL OR r.country_code = p.country_code)
                  AND (r.tax_category IS NULL OR r.tax_category = p.tax_category)
            )
        END AS declared_account
    FROM postings AS p
    JOIN documents AS d USING (document_id)
)
SELECT
    document_id AS transaction_id,
    CAST(row_number() OVER (
        PARTITION BY document_id
        ORDER BY CASE role WHEN 'receivables' THEN 1 WHEN 'revenue' THEN 2 WHEN 'vat' THEN 3 ELSE 4 END, country_code, vat_percent
    ) AS INTEGER) AS line_no,
    operator_id,
    booked_month,
    issue_date AS posting_date,
    coalesce(declared_account, role) AS account,
    role AS account_role,
    country_code,
    vat_percent,
    currency,
    CAST(CASE WHEN debit > 0 THEN debit ELSE 0 END AS DECIMAL(18, 4)) AS debit,
    CAST(CASE WHEN debit < 0 THEN -debit ELSE 0 END AS DECIMAL(18, 4)) AS credit,
    document_id AS document,
    kind AS document_kind,
    contract_id
FROM accounts
ORDER BY booked_month, operator_id, document_id, line_no
