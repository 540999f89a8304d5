-- The session's totals.
SELECT total_excl_vat, total_incl_vat, has_element FROM rated_totals WHERE session_no = $session_no
