-- Sessions that go on, as if they ended with the newest that is known of them.
SELECT * REPLACE (
    'completed' AS state,
    coalesce(ended_at, greatest(started_at, last_received_at)) AS ended_at,
    -- Nothing is decided on a session that goes on.
    CASE WHEN grade = 'unbillable' THEN 'suspect' ELSE grade END AS grade
)
FROM core.sessions
WHERE state = 'active'
