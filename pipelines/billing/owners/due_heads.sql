-- What is due and not stated as it is now: never stated, changed since, or gone.
SELECT
    operator_id,
    owner_id,
    month,
    currency,
    coalesce(lines_hash, '') AS lines_hash,
    document_id AS standing
FROM billing.owner_dues
WHERE status <> 'issued'
    AND ($operator_id IS NULL OR operator_id = $operator_id)
    AND ($month IS NULL OR month = $month)
    AND ($owner_id IS NULL OR owner_id = $owner_id)
ORDER BY month, owner_id, currency, operator_id
