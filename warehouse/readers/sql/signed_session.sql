SELECT * FROM core.signed_sessions WHERE session_id = $session_id
