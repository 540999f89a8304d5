SELECT
    lines.line_no,
    lines.dimension,
    lines.quantity,
    lines.quantity_unit,
    lines.price,
    lines.amount_excl_vat,
    lines.vat_percent,
    cdrs.currency,
    cdrs.tariff_id,
    cdrs.tariff_version,
    cdrs.total_excl_vat,
    cdrs.total_incl_vat,
    cdrs.contract_id,
    cdrs.cdr_id
FROM billing.cdrs AS cdrs
JOIN billing.cdr_lines AS lines USING (cdr_id)
WHERE cdrs.session_id = $session_id
ORDER BY cdrs.cdr_id, lines.line_no
