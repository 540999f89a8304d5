-- The assignments that fit each session at its start, and how particular each one is. What is agreed with a customer goes
-- before what is posted at a place: first the contract, then the token's group, then everybody; among equals the
-- connector, then the EVSE, the station, the site, everywhere. A plan's member tariff is a rule for the contract while it
-- subscribes to the plan: below a rule that names the contract, above every other.
SELECT
    paid.session_id,
    rule.assignment_id,
    rule.tariff_id,
    CASE WHEN rule.contract_id IS NOT NULL THEN 64 ELSE 0 END
    + CASE WHEN rule.token_group IS NOT NULL THEN 16 ELSE 0 END
    + CASE WHEN rule.connector_id IS NOT NULL THEN 8 ELSE 0 END
    + CASE WHEN rule.evse_id IS NOT NULL THEN 4 ELSE 0 END
    + CASE WHEN rule.station_id IS NOT NULL THEN 2 ELSE 0 END
    + CASE WHEN rule.site_id IS NOT NULL THEN 1 ELSE 0 END AS particularity
FROM paid_sessions AS paid
JOIN registry_tariff_assignments AS rule
    ON paid.started_at >= rule.valid_from
    AND paid.started_at < coalesce(rule.valid_to, 'infinity')
    AND (rule.contract_id IS NULL OR rule.contract_id = paid.contract_id)
    AND (rule.token_group IS NULL OR rule.token_group = paid.token_group)
    AND (rule.connector_id IS NULL OR rule.connector_id = paid.connector_id)
    AND (rule.evse_id IS NULL OR rule.evse_id = paid.evse_id)
    AND (rule.station_id IS NULL OR rule.station_id = paid.station_id)
    AND (rule.site_id IS NULL OR rule.site_id = paid.site_id)
UNION ALL
SELECT *
FROM (
    SELECT paid.session_id, 'subscription ' || subscription_id AS assignment_id, plan.tariff_id, 32 AS particularity
    FROM paid_sessions AS paid
    JOIN registry_subscriptions AS subscription
        ON subscription.contract_id = paid.contract_id
        AND paid.started_at >= subscription.valid_from
        AND paid.started_at < coalesce(subscription.valid_to, 'infinity')
    JOIN registry_plans AS plan
        ON plan.plan_id = subscription.plan_id
        AND paid.started_at >= plan.valid_from
        AND paid.started_at < coalesce(plan.valid_to, 'infinity')
    QUALIFY row_number() OVER (PARTITION BY paid.session_id, subscription_id ORDER BY plan.version DESC) = 1
)
WHERE tariff_id IS NOT NULL  -- a plan need not have a tariff
