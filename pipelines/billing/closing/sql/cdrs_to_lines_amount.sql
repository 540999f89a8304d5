-- The exact amount of each CDR at each VAT rate, beside its lines net of credit notes. A line is rounded half-up to the
-- minor unit: it may differ by half of one, and no more.
WITH components AS (
    SELECT
        cdrs.cdr_id,
        cdrs.site_id,
        cdrs.currency,
        cdrs.contract_id,
        cdrs.grade,
        cdrs.decision,
        cdrs.total_excl_vat,
        coalesce(parts.vat_percent, -1) AS rate,
        sum(parts.amount_excl_vat) AS amount
    FROM month_cdrs AS cdrs
    JOIN billing.cdr_lines AS parts USING (cdr_id)
    GROUP BY ALL
),
lines AS (
    SELECT
        cdr_id,
        any_value(site_id) AS site_id,
        currency,
        coalesce(vat_percent, -1) AS rate,
        sum(amount_excl_vat) AS amount
    FROM month_lines
    WHERE kind = 'session'
    GROUP BY ALL
),
elsewhere AS (
    SELECT cdr_id FROM billing.cdrs JOIN registry.sites USING (site_id) WHERE operator_id <> $operator
),
changed AS (
    SELECT DISTINCT lines.cdr_id
    FROM billing.invoice_draft_lines AS lines
    JOIN billing.due_documents AS due_documents ON due_documents.draft_id = lines.invoice_id
    WHERE due_documents.due = 'changed'
),
joined AS (
    SELECT
        coalesce(components.cdr_id, lines.cdr_id) AS cdr_id,
        coalesce(components.site_id, lines.site_id) AS site_id,
        coalesce(components.currency, lines.currency) AS currency,
        coalesce(components.amount, 0) AS cdr_amount,
        coalesce(lines.amount, 0) AS line_amount,
        CASE
            WHEN coalesce(components.amount, 0) = coalesce(lines.amount, 0) THEN NULL
            WHEN components.cdr_id IS NULL AND lines.cdr_id IN (FROM elsewhere) THEN 'at_another_operator'
            WHEN components.cdr_id IS NULL THEN 'billed_cdr_is_gone'
            WHEN lines.cdr_id IS NOT NULL AND abs(components.amount - lines.amount)
                <= CASE minor_unit(components.currency) WHEN 0 THEN 0.5 WHEN 2 THEN 0.005 ELSE 0.0005 END
                THEN 'rounding'
            -- Lines that a credit note took back whole are as none: what holds the session back is the reason.
            WHEN lines.amount <> 0 THEN 'amount_differs'
            WHEN components.grade <> 'ok' AND components.decision IS DISTINCT FROM 'release' THEN 'suspect_not_billed'
            WHEN components.cdr_id IN (FROM changed) THEN 'on_a_changed_draft'
            WHEN components.contract_id IS NULL
                AND components.total_excl_vat < 10 ** -minor_unit(components.currency) THEN 'ad_hoc_nothing_due'
            ELSE 'on_no_invoice'
        END AS reason
    FROM components
    FULL JOIN lines USING (cdr_id, currency, rate)
)
SELECT
    site_id,
    currency AS unit,
    reason,
    reason IS NULL OR reason NOT IN ('billed_cdr_is_gone', 'amount_differs', 'on_a_changed_draft', 'on_no_invoice')
        AS explained,
    sum(cdr_amount) AS left_sum,
    sum(line_amount) AS right_sum,
    count(*) AS entries,
    min(cdr_id, 20) AS ids
FROM joined
GROUP BY ALL
