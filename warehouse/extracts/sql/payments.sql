SELECT
    p.payment_id,
    p.booked_on,
    p.operator_id,
    p.contract_id,
    p.kind,
    p.method,
    p.currency,
    p.amount,
    CASE WHEN p.kind IN ('payment', 'topup') THEN p.amount WHEN p.kind IN ('refund', 'chargeback') THEN -p.amount ELSE 0 END
        AS money_in,
    coalesce(a.allocated, 0) AS allocated,
    a.documents,
    p.source,
    p.external_ref,
    p.reverses
FROM billing.payments AS p
LEFT JOIN (
    SELECT payment_id, sum(amount) AS allocated, string_agg(document_id, ' ' ORDER BY document_id) AS documents
    FROM billing.allocations
    GROUP BY payment_id
) AS a USING (payment_id)
-- Payments belong to no site: with sites asked for there are none.
WHERE p.booked_on >= $date_from AND p.booked_on < $date_to AND $sites IS NULL
ORDER BY p.booked_on, p.payment_id
