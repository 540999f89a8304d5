SELECT
    payout_id,
    operator_id,
    execution_date,
    any_value(transfers) AS transfers,
    any_value(total_amount) AS total_amount,
    currency,
    count(DISTINCT item.end_to_end_id) FILTER (item.state = 'returned') AS returned,
    created_at,
    created_by
FROM billing.owner_payouts
JOIN billing.owner_payout_items AS item USING (payout_id)
GROUP BY payout_id, operator_id, execution_date, currency, created_at, created_by
ORDER BY created_at DESC, payout_id
