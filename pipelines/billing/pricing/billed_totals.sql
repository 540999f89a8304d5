-- The totals of sessions as they are billed (see `billed_lines`).
SELECT rated_totals.* REPLACE (
    CASE WHEN reverse_charge AND total_excl_vat IS NOT NULL THEN total_excl_vat ELSE total_incl_vat END AS total_incl_vat
)
FROM rated_totals
LEFT JOIN (SELECT session_id, reverse_charge FROM billing_candidates WHERE reverse_charge) USING (session_id)
