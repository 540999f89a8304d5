SELECT
    decided.session_id,
    decided.decided_at,
    decided.decision,
    decided.reason,
    decided.decided_by,
    decided.grade,
    (decided.energy_wh / 1000)::DOUBLE AS energy_kwh,
    CASE
        WHEN row_number() OVER (PARTITION BY decided.session_id ORDER BY decided.decided_at DESC) > 1 THEN 'overtaken'
        WHEN sessions.session_id IS NULL THEN 'gone'
        WHEN decided.decision <> 'withdraw' AND standing_decision(
            decided.decision, decided.grade, decided.energy_wh, sessions.grade, sessions.energy_wh
        ) IS NULL THEN 'lapsed'
        ELSE 'yes'
    END AS in_force,
    sessions.grade AS grade_now,
    (sessions.energy_wh / 1000)::DOUBLE AS energy_now_kwh
FROM registry.session_decisions AS decided
LEFT JOIN core.sessions AS sessions USING (session_id)
WHERE $session_id::VARCHAR IS NULL OR decided.session_id = $session_id
ORDER BY decided.decided_at DESC, decided.session_id
