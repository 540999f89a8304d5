-- The sessions to rate with the number of their tariff version.
SELECT session_no, session_id, tariff_no, is_restricted
FROM sessions_to_rate
JOIN tariff_terms USING (tariff_id, tariff_version)
