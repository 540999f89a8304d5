-- Movements of money in double entry. What came or went stands on the clearing account of its method; what the customer
-- owes falls by it, document by document, and what no document uses is their credit on the same account. A prepaid
-- balance is an account of its own. Dunning fees are income when they are paid: no document claims them in the books.
-- A set-off moves no money: what it takes from credit notes and credit it gives to invoices.
WITH facts AS (
    SELECT
        p.*,
        CASE
            WHEN p.kind = 'topup' THEN true
            WHEN p.kind IN ('refund', 'chargeback') THEN p.method = 'prepaid' OR coalesce(taken.kind = 'topup', false)
            WHEN p.kind = 'payment' AND taken.kind IN ('refund', 'chargeback')
                THEN taken.method = 'prepaid' OR coalesce(before.kind = 'topup', false)
            ELSE false
        END AS is_prepaid,
        CAST(
            CASE WHEN p.kind IN ('refund', 'chargeback') THEN -p.amount WHEN p.kind = 'set_off' THEN 0 ELSE p.amount END
            AS DECIMAL(18, 4)
        ) AS brought
    FROM billing.payments AS p
    LEFT JOIN billing.payments AS taken ON taken.payment_id = p.reverses
    LEFT JOIN billing.payments AS before ON before.payment_id = taken.reverses
),
used AS (
    SELECT payment_id, CAST(sum(amount) AS DECIMAL(18, 4)) AS amount FROM billing.allocations GROUP BY payment_id
),
postings AS (
    SELECT
        payment_id,
        CASE kind WHEN 'write_off' THEN 'write_offs' WHEN 'prepaid_use' THEN 'prepaid' ELSE 'clearing_' || method END
            AS role,
        NULL AS document_id,
        brought AS debit
    FROM facts
    UNION ALL
    SELECT payment_id, 'prepaid', NULL, -brought
    FROM facts
    WHERE is_prepaid
    UNION ALL
    SELECT
        a.payment_id,
        CASE WHEN contains(a.document_id, '/dunning-') THEN 'dunning_fees' ELSE 'receivables' END,
        a.document_id,
        -a.amount
    FROM billing.allocations AS a
    UNION ALL
    SELECT f.payment_id, 'receivables', NULL, coalesce(used.amount, 0) - f.brought
    FROM facts AS f
    LEFT JOIN used USING (payment_id)
    WHERE NOT f.is_prepaid
)
SELECT
    p.payment_id,
    p.role,
    p.document_id,
    f.operator_id,
    f.contract_id,
    f.kind,
    f.method,
    f.booked_on,
    f.currency,
    f.external_ref,
    CAST(p.debit AS DECIMAL(18, 4)) AS debit
FROM postings AS p
JOIN facts AS f USING (payment_id)
WHERE p.debit <> 0
