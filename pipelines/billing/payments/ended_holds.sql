-- Holds whose session has ended and has a price, with what its receipt would claim; a session that was free has none.
-- A session in doubt is not billed before a person decides on it, so its hold goes on.
SELECT
    held.payment_id,
    held.currency,
    coalesce(drafts.total_incl_vat, cdrs.total_incl_vat) AS cost
FROM billing.provider_payments AS held
JOIN billing.cdrs AS cdrs ON cdrs.session_id = held.session_id AND cdrs.currency = held.currency
LEFT JOIN billing.invoice_drafts AS drafts
    ON drafts.contract_id = $ad_hoc || held.session_id AND drafts.currency = held.currency
WHERE held.kind = 'hold' AND held.cost_minor IS NULL
    AND (drafts.total_incl_vat IS NOT NULL OR cdrs.total_incl_vat = 0)
ORDER BY held.created_at, held.payment_id
