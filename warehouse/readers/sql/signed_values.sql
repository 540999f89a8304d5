-- Of an id that is used again, the values of all sessions with it.
SELECT values.* EXCLUDE (station_id)
FROM core.signed_readings AS values
SEMI JOIN (
    SELECT station_id, transaction_id FROM core.signed_sessions WHERE session_id = $session_id
) AS session USING (station_id, transaction_id)
ORDER BY received_at, seq, value_no
