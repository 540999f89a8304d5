-- Agreements and months whose statement may say something else now: a session line of the site changed, came or went;
-- the agreement or the site was declared anew; a month came or went (also because the data reach further now).
WITH declared AS (
    SELECT table_name, CAST(row_key AS JSON) ->> 0 AS key FROM new_registry_history
),
agreements_anew AS (
    SELECT owner_contract_id
    FROM registry_owner_contracts
    WHERE owner_contract_id IN (SELECT key FROM declared WHERE table_name = 'owner_contracts')
        OR site_id IN (SELECT key FROM declared WHERE table_name = 'sites')
),
months_now AS (
    SELECT agreement_id AS owner_contract_id, month FROM agreement_months
),
months_before AS (
    SELECT owner_contract_id, month FROM billing.owner_statements
),
months AS (
    (FROM months_now EXCEPT FROM months_before) UNION ALL (FROM months_before EXCEPT FROM months_now)
)
SELECT owner_contract_id, CAST(date_trunc('month', timezone(time_zone, started_at)) AS DATE) AS month
FROM changed_invoice_draft_lines AS lines
JOIN registry_owner_contracts USING (site_id)
JOIN agreements ON agreements.agreement_id = owner_contract_id
WHERE lines.kind = 'session'
UNION
SELECT owner_contract_id, month FROM months_now SEMI JOIN agreements_anew USING (owner_contract_id)
UNION
SELECT owner_contract_id, month FROM months
