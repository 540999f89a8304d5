SELECT kind, CAST(evidence AS VARCHAR) AS evidence, first_seen_at, last_seen_at
FROM ops.faults
WHERE session_id = $session_id
ORDER BY kind
