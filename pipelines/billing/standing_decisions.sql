-- Decisions of people that are in force: of each session's the newest, as long as it is about the session as it stands.
SELECT session_id, standing
FROM (
    SELECT
        session_id,
        standing_decision(
            decided.decision, decided.grade, decided.energy_wh, all_sessions.grade, all_sessions.energy_wh
        ) AS standing
    FROM (
        SELECT * FROM registry_session_decisions
        QUALIFY row_number() OVER (PARTITION BY session_id ORDER BY decided_at DESC) = 1
    ) AS decided
    JOIN all_sessions USING (session_id)
)
WHERE standing IS NOT NULL
