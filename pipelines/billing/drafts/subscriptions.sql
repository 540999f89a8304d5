-- Subscriptions while their contract is in force too; months and days are those of the operator's books.
SELECT
    subscription.subscription_id AS agreement_id,
    coalesce(zones.time_zone, 'UTC') AS time_zone,
    greatest(subscription.valid_from, contract.valid_from) AS valid_from,
    least(subscription.valid_to, contract.valid_to) AS valid_to
FROM registry_subscriptions AS subscription
JOIN registry_contracts AS contract USING (contract_id)
LEFT JOIN registry_operators USING (operator_id)
LEFT JOIN (SELECT DISTINCT name AS time_zone FROM pg_timezone_names()) AS zones
    ON zones.time_zone = registry_operators.time_zone
