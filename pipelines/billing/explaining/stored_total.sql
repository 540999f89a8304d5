-- What the session's CDR says.
SELECT currency, total_excl_vat, total_incl_vat FROM billing.cdrs WHERE session_id = $session_id
