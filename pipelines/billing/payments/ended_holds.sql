-- Open holds of sessions that have ended and have a price, with what the session's receipt claims (NULL: there is none,
-- as for a session in doubt) and what its CDR says. `turn` 1 takes the cost: of several holds of one session one only.
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
)
SELECT
    holds.payment_id,
    holds.currency,
    holds.turn,
    drafts.total_incl_vat AS receipt,
    cdrs.total_incl_vat AS priced
FROM holds
JOIN billing.cdrs AS cdrs ON cdrs.session_id = holds.session_id AND cdrs.currency = holds.currency
LEFT JOIN billing.invoice_drafts AS drafts
    ON drafts.contract_id = $ad_hoc || holds.session_id AND drafts.currency = holds.currency
WHERE holds.cost_minor IS NULL
ORDER BY holds.created_at, holds.payment_id
