-- One posting per document, country and VAT rate (the gross, receivables against revenue), one for what its amount due
-- was rounded by, and one per movement of money and what it pays (receivables, prepaid balance or dunning fees against
-- where the money is). What a set-off does between documents of one customer stays on receivables and is no posting.
WITH documents AS (
    SELECT
        1 AS part,
        d.operator_id,
        d.booked_month,
        d.document_id AS transaction_id,
        d.document_id,
        d.kind AS document_kind,
        d.issue_date,
        d.due_date,
        d.contract_id,
        d.currency,
        t.country_code,
        t.vat_percent,
        t.tax_category,
        CAST(t.net + t.vat AS DECIMAL(18, 4)) AS gross,
        'receivables' AS role,
        'revenue' AS contra_role
    FROM billing.document_vat AS t
    JOIN billing.documents AS d USING (document_id)
    WHERE d.booked_month >= $date_from
      AND d.booked_month < $date_to
      AND ($operator IS NULL OR d.operator_id = $operator)
      AND t.net + t.vat <> 0
),
roundings AS (
    SELECT
        1 AS part,
        operator_id,
        booked_month,
        document_id AS transaction_id,
        document_id,
        kind AS document_kind,
        issue_date,
        due_date,
        contract_id,
        currency,
        '' AS country_code,
        CAST(NULL AS DECIMAL(7, 4)) AS vat_percent,
        CAST(NULL AS VARCHAR) AS tax_category,
        rounding_amount AS gross,
        'receivables' AS role,
        'rounding' AS contra_role
    FROM billing.documents
    WHERE booked_month >= $date_from
      AND booked_month < $date_to
      AND ($operator IS NULL OR operator_id = $operator)
      AND rounding_amount <> 0
),
sides AS (
    SELECT
        *,
        role LIKE 'clearing_%' OR role = 'write_offs' OR (kind = 'prepaid_use' AND role = 'prepaid') AS is_counter
    FROM billing.movement_postings
    WHERE booked_on >= $date_from
      AND booked_on < $date_to
      AND ($operator IS NULL OR operator_id = $operator)
),
movements AS (
    SELECT
        2 AS part,
        s.operator_id,
        CAST(date_trunc('month', s.booked_on) AS DATE) AS booked_month,
        s.payment_id AS transaction_id,
        coalesce(s.document_id, s.external_ref) AS document_id,
        s.kind AS document_kind,
        s.booked_on AS issue_date,
        CAST(NULL AS DATE) AS due_date,
        s.contract_id,
        s.currency,
        '' AS country_code,
        CAST(NULL AS DECIMAL(7, 4)) AS vat_percent,
        CAST(NULL AS VARCHAR) AS tax_category,
        s.debit AS gross,
        s.role,
        coalesce(counter.role, 'receivables') AS contra_role
    FROM sides AS s
    LEFT JOIN sides AS counter ON counter.payment_id = s.payment_id AND counter.is_counter
    WHERE NOT s.is_counter
      AND s.role <> coalesce(counter.role, 'receivables')
),
postings AS (
    FROM documents
    UNION ALL
    FROM roundings
    UNION ALL
    FROM movements
)
SELECT
    p.*,
    (
        SELECT arg_max(r.account, r.operator_id = p.operator_id)
        FROM role_accounts AS r
        WHERE r.operator_id IN (p.operator_id, '*')
          AND r.role = p.role
    ) AS account,
    CASE
        WHEN p.contra_role = 'revenue' THEN (
            SELECT arg_min(
                {'account': r.account, 'bu_key': r.bu_key}, r.place + CASE WHEN r.operator_id = '*' THEN 1000000 ELSE 0 END
            )
            FROM revenue_accounts AS r
            WHERE r.operator_id IN (p.operator_id, '*')
              AND r.vat_percent = p.vat_percent
              AND (r.country_code IS NULL OR r.country_code = p.country_code)
              AND (r.tax_category IS NULL OR r.tax_category = p.tax_category)
        )
        ELSE (
            SELECT arg_max({'account': r.account, 'bu_key': ''}, r.operator_id = p.operator_id)
            FROM role_accounts AS r
            WHERE r.operator_id IN (p.operator_id, '*')
              AND r.role = p.contra_role
        )
    END AS contra
FROM postings AS p
ORDER BY booked_month, operator_id, part, CASE part WHEN 2 THEN issue_date END, transaction_id, contra_role = 'rounding', country_code, vat_percent, document_id, role
