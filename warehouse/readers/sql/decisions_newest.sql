SELECT session_id, decided_at, decision, reason, decided_by, grade, energy_wh
FROM registry.session_decisions
WHERE list_contains($session_ids, session_id)
QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY decided_at DESC) = 1
