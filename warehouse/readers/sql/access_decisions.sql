-- Decisions on who may charge, the newest first.
SELECT
    decided_at,
    station_id,
    purpose,
    id_token,
    token_type,
    status,
    reason,
    access_rule_id,
    action
FROM raw.access_decisions
WHERE ($id_token::VARCHAR IS NULL OR lower(id_token) = lower($id_token))
    AND ($station_id::VARCHAR IS NULL OR station_id = $station_id)
    AND (NOT $refused OR status <> 'Accepted')
ORDER BY decided_at DESC, collector_id, seq DESC
LIMIT $limit
