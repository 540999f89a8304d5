-- What one contract's month says now, by cost centre; what belongs to none (fees, tokens without one) comes last.
-- Drafts follow their sessions after documents were issued too, so nothing counts twice.
SELECT
    lines.cost_centre,
    drafts.currency,
    lines.vat_percent,
    count(DISTINCT lines.session_id) AS sessions,
    (sum(lines.energy_wh) / 1000)::DOUBLE AS energy_kwh,
    CAST(sum(lines.amount_excl_vat) AS DECIMAL(18, 4)) AS amount_excl_vat
FROM billing.invoice_draft_lines AS lines
JOIN billing.invoice_drafts AS drafts USING (invoice_id)
WHERE drafts.contract_id = $contract_id AND drafts.month = date_trunc('month', $month::DATE)
GROUP BY ALL
ORDER BY lines.cost_centre NULLS LAST, drafts.currency, lines.vat_percent NULLS LAST
