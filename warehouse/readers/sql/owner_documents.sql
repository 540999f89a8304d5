-- Statements and credit notes that were issued, and what is due without one that says it.
WITH paid AS (
    SELECT document_id, payout_id FROM billing.owner_payout_items WHERE state <> 'returned'
),
listed AS (
    SELECT
        document_id,
        kind,
        form,
        status,
        operator_id,
        owner_id,
        month,
        issue_date,
        corrects,
        currency,
        total_excl_vat,
        total_vat,
        total_incl_vat,
        payout_id
    FROM billing.owner_documents
    LEFT JOIN paid USING (document_id)
    UNION ALL BY NAME
    SELECT
        'statement' AS kind,
        status,
        operator_id,
        owner_id,
        month,
        document_id AS corrects,
        currency,
        total_excl_vat
    FROM billing.owner_dues
    WHERE status <> 'issued'
)
SELECT *
FROM listed
WHERE ($month::DATE IS NULL OR month = $month)
    AND ($operator_id::VARCHAR IS NULL OR operator_id = $operator_id)
    AND ($owner_id::VARCHAR IS NULL OR owner_id = $owner_id)
ORDER BY month DESC, owner_id, currency, issue_date NULLS LAST, document_id
