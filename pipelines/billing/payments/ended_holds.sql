-- Open holds of sessions that have ended and are decided on, with what the session's receipt claims (NULL: there is none,
-- as for a session in doubt) and what its CDR says. `turn` 1 takes the cost: of several holds of one session one only.
-- `is_nothing_due`: the hold is not needed, as a contract pays, or as there is no evidence of anything to be billed.
WITH holds AS (
    SELECT
        payment_id,
        session_id,
        currency,
        cost_minor,
        created_at,
        row_number() OVER (
            PARTITION BY session_id ORDER BY cost_minor IS NULL, state <> 'authorised', created_at, payment_id
        ) AS turn
    FROM billing.provider_payments
    WHERE kind = 'hold' AND state NOT IN ('failed', 'released')
),
unbillable AS (
    SELECT session_id
    FROM core.sessions
    ANTI JOIN billing.cdrs USING (session_id)
    WHERE state <> 'active' AND ended_at IS NOT NULL AND grade = 'unbillable'
)
SELECT
    holds.payment_id,
    holds.currency,
    holds.turn,
    drafts.total_incl_vat AS receipt,
    cdrs.total_incl_vat AS priced,
    unbillable.session_id IS NOT NULL OR cdrs.contract_id IS NOT NULL AS is_nothing_due
FROM holds
LEFT JOIN billing.cdrs AS cdrs ON cdrs.session_id = holds.session_id AND cdrs.currency = holds.currency
LEFT JOIN unbillable ON unbillable.session_id = holds.session_id
LEFT JOIN billing.invoice_drafts AS drafts
    ON drafts.contract_id = $ad_hoc || holds.session_id AND drafts.currency = holds.currency
WHERE holds.cost_minor IS NULL AND (cdrs.session_id IS NOT NULL OR unbillable.session_id IS NOT NULL)
ORDER BY holds.created_at, holds.payment_id
