-- The lines of the CDRs that leave.
SELECT issued_cdr_id, lines.* EXCLUDE (cdr_id)
FROM leaving_cdrs
JOIN billing.cdr_lines AS lines USING (cdr_id)
WHERE kind = 'cdr'
