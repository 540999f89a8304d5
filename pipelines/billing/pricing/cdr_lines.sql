-- The lines of those CDRs.
SELECT
    cdr_id,
    line_no,
    dimension,
    quantity,
    quantity_unit,
    price,
    amount_excl_vat,
    amount_incl_vat,
    vat_percent,
    element_no
FROM billed_lines
JOIN made_cdrs USING (session_id)
