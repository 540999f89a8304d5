-- Contracts, months and currencies of which drafts may say something else now: their CDRs changed, came or went; the
-- contract, one of its subscriptions, their plan or the operator was declared anew; a fee came, went or changed (also
-- because the data now reach a further month). Of a changed registry row every version counts.
WITH touching AS (
    SELECT table_name, row_key, CAST(row_json AS JSON) AS entry
    FROM all_registry_history
    SEMI JOIN new_registry_history USING (table_name, row_key)
    WHERE row_json IS NOT NULL
),
declared AS (
    SELECT table_name, CAST(row_json AS JSON) AS entry
    FROM all_registry_history
    WHERE table_name IN ('contracts', 'subscriptions') AND row_json IS NOT NULL
),
contracts AS (
    SELECT entry ->> 'contract_id' AS contract_id FROM touching WHERE table_name IN ('contracts', 'subscriptions')
    UNION
    SELECT entry ->> 'contract_id'
    FROM declared
    WHERE table_name = 'subscriptions' AND (entry ->> 'plan_id') IN (
        SELECT entry ->> 'plan_id' FROM touching WHERE table_name = 'plans'
    )
    UNION
    SELECT entry ->> 'contract_id'
    FROM declared
    WHERE table_name = 'contracts' AND (entry ->> 'operator_id') IN (
        SELECT entry ->> 'operator_id' FROM touching WHERE table_name = 'operators'
    )
),
cdrs AS (
    SELECT coalesce(contract_id, $ad_hoc || session_id) AS contract_id, local_date, currency FROM changed_cdrs
    UNION
    SELECT contract_id, local_date, currency FROM all_cdrs SEMI JOIN contracts USING (contract_id)
),
fees_now AS (
    SELECT contract_id, month, currency, subscription_id, vat_percent, fee
    FROM plan_months
    WHERE fee <> 0
),
fees_before AS (
    SELECT drafts.contract_id, drafts.month, drafts.currency, subscription_id, vat_percent, amount_excl_vat AS fee
    FROM billing.invoice_draft_lines AS lines
    JOIN billing.invoice_drafts AS drafts USING (invoice_id)
    WHERE lines.kind = 'fee'
),
fees AS (
    (FROM fees_now EXCEPT FROM fees_before) UNION ALL (FROM fees_before EXCEPT FROM fees_now)
)
SELECT contract_id, CAST(date_trunc('month', local_date) AS DATE) AS month, currency FROM cdrs
UNION
SELECT contract_id, month, currency FROM billing.invoice_drafts SEMI JOIN contracts USING (contract_id)
UNION
SELECT contract_id, month, currency FROM fees
