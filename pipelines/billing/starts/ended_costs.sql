-- What ended sessions cost, by their CDRs, with the components of the price; the newest first. What no contract pays costs
-- what its receipt claims, which is rounded line by line.
SELECT
    cdrs.session_id,
    cdrs.station_id,
    cdrs.contract_id,
    cdrs.started_at,
    cdrs.ended_at,
    cdrs.energy_wh,
    cdrs.currency,
    cdrs.total_excl_vat,
    coalesce(drafts.total_incl_vat, cdrs.total_incl_vat) AS total_incl_vat,
    (
        SELECT list(
            struct_pack(dimension, quantity, quantity_unit, amount_excl_vat, amount_incl_vat) ORDER BY line_no
        )
        FROM billing.cdr_lines AS lines
        WHERE lines.cdr_id = cdrs.cdr_id
    ) AS lines
FROM billing.cdrs AS cdrs
LEFT JOIN billing.invoice_drafts AS drafts
    ON cdrs.contract_id IS NULL
    AND drafts.contract_id = $ad_hoc || cdrs.session_id
    AND drafts.currency = cdrs.currency
WHERE list_contains($sessions, cdrs.session_id) OR list_contains($contracts, cdrs.contract_id)
ORDER BY cdrs.started_at DESC, cdrs.session_id
LIMIT $most
