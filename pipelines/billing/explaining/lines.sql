-- The session's priced lines.
SELECT
    line_no,
    dimension,
    element_no,
    quantity,
    quantity_unit,
    price,
    vat_percent,
    amount_excl_vat,
    amount_incl_vat
FROM rated_lines
WHERE session_no = $session_no
ORDER BY line_no
