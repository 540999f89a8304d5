-- The energy of each CDR stands on lines of invoices once, net of credit notes, or there is a reason why it does not.
WITH lines AS (
    SELECT cdr_id, any_value(site_id) AS site_id, sum(energy_wh) AS energy_wh
    FROM month_lines
    WHERE kind = 'session'
    GROUP BY cdr_id
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
        coalesce(cdrs.cdr_id, lines.cdr_id) AS cdr_id,
        coalesce(cdrs.site_id, lines.site_id) AS site_id,
        coalesce(cdrs.energy_wh, 0) AS cdr_wh,
        coalesce(lines.energy_wh, 0) AS line_wh,
        CASE
            WHEN lines.cdr_id IS NOT NULL AND coalesce(cdrs.energy_wh, 0) = lines.energy_wh THEN NULL
            WHEN cdrs.cdr_id IS NULL AND lines.cdr_id IN (FROM elsewhere) THEN 'at_another_operator'
            WHEN cdrs.cdr_id IS NULL THEN 'billed_cdr_is_gone'
            -- Lines that a credit note took back whole are as none: what holds the session back is the reason.
            WHEN lines.energy_wh <> 0 THEN 'energy_differs'
            WHEN cdrs.grade <> 'ok' AND cdrs.decision IS DISTINCT FROM 'release' THEN 'suspect_not_billed'
            WHEN cdrs.is_free THEN 'free'
            WHEN cdrs.cdr_id IN (FROM changed) THEN 'on_a_changed_draft'
            WHEN cdrs.total_excl_vat IS NULL THEN 'vat_unknown'
            -- Without a contract a session that costs less than the smallest coin has no receipt.
            WHEN cdrs.contract_id IS NULL AND cdrs.total_excl_vat < 10 ** -minor_unit(cdrs.currency)
                THEN 'ad_hoc_nothing_due'
            ELSE 'on_no_invoice'
        END AS reason
    FROM month_cdrs AS cdrs
    FULL JOIN lines USING (cdr_id)
)
SELECT
    site_id,
    'Wh' AS unit,
    reason,
    reason IS NULL
        OR reason NOT IN ('billed_cdr_is_gone', 'energy_differs', 'on_a_changed_draft', 'vat_unknown', 'on_no_invoice')
        AS explained,
    sum(cdr_wh) AS left_sum,
    sum(line_wh) AS right_sum,
    count(*) AS entries,
    min(cdr_id, 20) AS ids
FROM joined
GROUP BY ALL
