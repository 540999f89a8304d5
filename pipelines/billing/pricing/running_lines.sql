-- The price components of the sessions that go on.
SELECT session_id, dimension, quantity, quantity_unit, amount_excl_vat, amount_incl_vat
FROM billed_lines
ORDER BY session_id, line_no
