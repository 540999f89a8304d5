-- How the engine saw the session: its tariff, or the reason why it has no price.
SELECT candidate.tariff_id, candidate.tariff_version, reason, session_no, reverse_charge
FROM billing_candidates AS candidate
LEFT JOIN sessions_to_rate USING (session_id)
WHERE session_id = $session_id
