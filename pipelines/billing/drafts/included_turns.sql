-- Subscriptions that include energy. Where a contract has several in a month they take one after the other.
SELECT
    subscription_id,
    contract_id,
    month,
    currency,
    first_day,
    end_day,
    included,
    row_number() OVER (PARTITION BY contract_id, month, currency ORDER BY first_day, subscription_id) AS turn
FROM plan_months
SEMI JOIN invoice_touched USING (contract_id, month, currency)
WHERE included > 0
