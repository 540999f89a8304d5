-- The charging periods of the CDRs that leave.
SELECT issued_cdr_id, periods.* EXCLUDE (cdr_id)
FROM leaving_cdrs
JOIN billing.cdr_periods AS periods USING (cdr_id)
WHERE kind = 'cdr'
