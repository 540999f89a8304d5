-- Net and gross of the priced lines. `vat` is in ten-thousandths of a per cent. Net in the lines' unit, its whole part and
-- the rest in 10⁻¹⁸ (a net out of a gross price is a quotient); gross in millionths of that unit. NULL: not known.
SELECT
    session_no,
    dimension_no,
    element_no,
    vat_percent,
    amount,
    CASE WHEN NOT is_gross THEN amount WHEN vat IS NOT NULL THEN amount * 1000000 // (1000000 + vat) END AS net,
    CASE
        WHEN NOT is_gross THEN 0
        WHEN vat IS NOT NULL
            THEN (amount * 1000000 % (1000000 + vat)) * CAST(1000000000000000000 AS HUGEINT) // (1000000 + vat)
    END AS net_rest,
    amount * CASE WHEN is_gross THEN 1000000 ELSE 1000000 + vat END AS gross
FROM priced_lines
