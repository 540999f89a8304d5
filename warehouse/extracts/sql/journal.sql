-- Double entry: an invoice debits receivables with what is due and credits revenue, VAT and what that was rounded by, a
-- credit note the reverse; a movement of money debits where it is and credits what it pays (`billing.movement_postings`).
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
entries AS (
    SELECT
        1 AS part,
        d.document_id AS transaction_id,
        d.operator_id,
        d.booked_month,
        d.issue_date AS posting_date,
        d.kind,
        d.contract_id,
        d.currency,
        d.document_id,
        p.role,
        p.country_code,
        p.vat_percent,
        p.tax_category,
        p.debit
    FROM postings AS p
    JOIN documents AS d USING (document_id)
    UNION ALL
    SELECT
        2,
        payment_id,
        operator_id,
        CAST(date_trunc('month', booked_on) AS DATE),
        booked_on,
        kind,
        contract_id,
        currency,
        document_id,
        role,
        '',
        NULL,
        NULL,
        debit
    FROM billing.movement_postings
    WHERE booked_on >= $date_from
      AND booked_on < $date_to
      AND ($operator IS NULL OR operator_id = $operator)
),
accounts AS (
    SELECT
        e.*,
        CASE
            WHEN e.role IN ('revenue', 'vat') THEN (
                SELECT arg_min(
                    CASE e.role WHEN 'revenue' THEN r.account ELSE r.vat_account END,
                    r.place + CASE WHEN r.operator_id = '*' THEN 1000000 ELSE 0 END
                )
                FROM revenue_accounts AS r
                WHERE r.operator_id IN (e.operator_id, '*')
                  AND r.vat_percent = e.vat_percent
                  AND (r.country_code IS NULL OR r.country_code = e.country_code)
                  AND (r.tax_category IS NULL OR r.tax_category = e.tax_category)
            )
            ELSE (
                SELECT arg_max(r.account, r.operator_id = e.operator_id)
                FROM role_accounts AS r
                WHERE r.operator_id IN (e.operator_id, '*')
                  AND r.role = e.role
            )
        END AS declared_account
    FROM entries AS e
)
SELECT
    transaction_id,
    CAST(row_number() OVER (
        PARTITION BY part, transaction_id
        ORDER BY
            CASE role WHEN 'receivables' THEN part WHEN 'revenue' THEN 2 WHEN 'vat' THEN 3 WHEN 'rounding' THEN 4 ELSE 1 END,
            country_code,
            vat_percent,
            tax_category,
            document_id NULLS LAST,
            role
    ) AS INTEGER) AS line_no,
    operator_id,
    booked_month,
    posting_date,
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
ORDER BY booked_month, operator_id, part, CASE part WHEN 2 THEN posting_date END, transaction_id, line_no
