-- The priced lines as they are billed: who sells the energy on owes the VAT itself, and none is charged.
SELECT rated_lines.* REPLACE (
    CASE WHEN reverse_charge AND amount_excl_vat IS NOT NULL THEN amount_excl_vat ELSE amount_incl_vat END
        AS amount_incl_vat,
    CASE WHEN reverse_charge AND amount_excl_vat IS NOT NULL THEN CAST(0 AS DECIMAL(7, 4)) ELSE vat_percent END
        AS vat_percent
)
FROM rated_lines
LEFT JOIN (SELECT session_id, reverse_charge FROM billing_candidates WHERE reverse_charge) USING (session_id)
