-- What each subscription costs and includes in each month: the version of the plan that holds when its days of the month
-- begin (of several the greatest), by days in force over days of the month. The fee is rounded half-up once. Its VAT: none
-- where the contract's holder owes it, else the plan's, else what the law of the operator's country puts on it.
SELECT
    subscription.subscription_id,
    subscription.contract_id,
    span.month,
    plan.currency,
    span.first_day,
    span.end_day,
    span.days,
    span.days_of_month,
    plan.plan_id,
    plan.version AS plan_version,
    CAST(CASE
        WHEN contract.tax_category = 'AE' THEN 0
        WHEN plan.vat_percent IS NOT NULL THEN plan.vat_percent
        WHEN operator.tax_category IN ('E', 'O') THEN 0
        ELSE law.rate_percent
    END AS DECIMAL(7, 4)) AS vat_percent,
    prorated(plan.monthly_fee, span.days, span.days_of_month, currencies.minor_unit) AS fee,
    -- Millionths of a kWh × days of the month: whole numbers.
    CAST(plan.included_kwh * 1000000 AS HUGEINT) * span.days AS included
FROM agreement_months AS span
JOIN registry_subscriptions AS subscription ON subscription.subscription_id = span.agreement_id
JOIN registry_plans AS plan
    ON plan.plan_id = subscription.plan_id
    AND span.first_at >= plan.valid_from
    AND span.first_at < coalesce(plan.valid_to, 'infinity')
JOIN currencies ON currencies.currency = plan.currency
JOIN registry_contracts AS contract ON contract.contract_id = subscription.contract_id
LEFT JOIN registry_operators AS operator USING (operator_id)
LEFT JOIN registry_tax_rates AS law
    ON law.country_code = operator.country_code
    AND law.tax_code IN ('S', 'IGST')
    AND span.first_at >= law.valid_from
    AND span.first_at < coalesce(law.valid_to, 'infinity')
QUALIFY row_number() OVER (PARTITION BY span.agreement_id, span.month ORDER BY plan.version DESC) = 1
