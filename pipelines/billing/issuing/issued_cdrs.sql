-- CDRs that leave the house with the documents to be issued, and credit CDRs for those of the same payers that stand
-- and are no longer what their session says. Of a credit CDR only the costs are negative: its energy stays as it was.
-- A CDR that was taken back and holds again (late data came, and were themselves corrected) leaves anew, with another id.
WITH leaving AS (
    SELECT DISTINCT unnest($cdr_ids) AS cdr_id
),
told AS (
    SELECT
        cdr_id,
        count(*) FILTER (WHERE kind = 'cdr') AS times,
        count(*) FILTER (WHERE kind = 'cdr') > count(*) FILTER (WHERE kind = 'credit') AS stands
    FROM billing.issued_cdrs
    GROUP BY cdr_id
)
SELECT
    cdr_id || CASE WHEN times > 0 THEN '-' || (times + 1) ELSE '' END AS issued_cdr_id,
    'cdr' AS kind,
    CAST($issued_at AS TIMESTAMPTZ) AS issued_at,
    cdrs.*
FROM billing.cdrs AS cdrs
SEMI JOIN leaving USING (cdr_id)
LEFT JOIN told USING (cdr_id)
WHERE NOT coalesce(stands, false)
UNION ALL BY NAME
SELECT
    issued_cdr_id || '-C' AS issued_cdr_id,
    'credit' AS kind,
    CAST($issued_at AS TIMESTAMPTZ) AS issued_at,
    issued.* EXCLUDE (issued_cdr_id, kind, issued_at)
        REPLACE (-total_excl_vat AS total_excl_vat, -total_incl_vat AS total_incl_vat)
FROM billing.issued_cdrs AS issued
JOIN told USING (cdr_id)
ANTI JOIN billing.cdrs USING (cdr_id)
WHERE kind = 'cdr' AND stands AND coalesce(contract_id, $ad_hoc || session_id) IN (SELECT unnest($contract_ids)) AND issued_cdr_id NOT IN (
    SELECT issued_cdr_id[: -3] FROM billing.issued_cdrs WHERE kind = 'credit'
)
