-- CDRs of the month beside those that left the house, less their credit CDRs. What stands on an issued invoice has left;
-- what has left still holds, or its credit is due.
WITH issued AS (
    SELECT
        cdrs.cdr_id,
        any_value(cdrs.site_id) AS site_id,
        any_value(cdrs.currency) AS currency,
        count(*) FILTER (cdrs.kind = 'cdr') - count(*) FILTER (cdrs.kind = 'credit') AS times,
        coalesce(sum(cdrs.total_excl_vat), 0) AS amount
    FROM billing.issued_cdrs AS cdrs
    JOIN registry.sites AS sites USING (site_id)
    WHERE sites.operator_id = $operator
        AND cdrs.local_date >= CAST($month AS DATE)
        AND cdrs.local_date < CAST($next_month AS DATE)
    GROUP BY cdrs.cdr_id
),
billed AS (
    SELECT DISTINCT cdr_id FROM month_lines WHERE document_kind = 'invoice' AND status = 'issued'
),
joined AS (
    SELECT
        coalesce(cdrs.cdr_id, issued.cdr_id) AS cdr_id,
        coalesce(cdrs.site_id, issued.site_id) AS site_id,
        coalesce(cdrs.currency, issued.currency) AS currency,
        coalesce(cdrs.total_excl_vat, 0) AS cdr_amount,
        coalesce(issued.amount, 0) AS issued_amount,
        CASE
            WHEN coalesce(issued.times, 0) = 0 AND billed.cdr_id IS NOT NULL THEN 'issued_cdr_is_missing'
            WHEN coalesce(issued.times, 0) = 0 AND cdrs.cdr_id IS NOT NULL THEN 'not_issued'
            WHEN cdrs.cdr_id IS NULL AND issued.times <> 0 THEN 'issued_cdr_is_gone'
            WHEN issued.times > 1 OR coalesce(cdrs.total_excl_vat, 0) <> issued.amount THEN 'issued_cdr_differs'
        END AS reason
    FROM month_cdrs AS cdrs
    FULL JOIN issued USING (cdr_id)
    LEFT JOIN billed USING (cdr_id)
)
SELECT
    site_id,
    currency AS unit,
    reason,
    reason IS NULL OR reason = 'not_issued' AS explained,
    sum(cdr_amount) AS left_sum,
    sum(issued_amount) AS right_sum,
    count(*) AS entries,
    min(cdr_id, 20) AS ids
FROM joined
GROUP BY ALL
