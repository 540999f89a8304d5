-- CDRs of the operator's sites in the month, with the exact sum of their components.
WITH components AS (
    SELECT cdr_id, sum(amount_excl_vat) AS exact_amount
    FROM billing.cdr_lines
    GROUP BY cdr_id
)
SELECT
    cdrs.cdr_id,
    cdrs.session_id,
    cdrs.site_id,
    cdrs.contract_id,
    cdrs.currency,
    cdrs.grade,
    cdrs.decision,
    cdrs.energy_wh,
    cdrs.total_excl_vat,
    components.cdr_id IS NULL AS is_free,
    coalesce(components.exact_amount, 0) AS exact_amount
FROM billing.cdrs AS cdrs
JOIN registry.sites AS sites USING (site_id)
LEFT JOIN components USING (cdr_id)
WHERE sites.operator_id = $operator
    AND cdrs.local_date >= CAST($month AS DATE)
    AND cdrs.local_date < CAST($next_month AS DATE)
