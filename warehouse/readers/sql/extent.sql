WITH days AS (
    SELECT min(local_date) AS first_date, max(local_date) AS last_date
    FROM mart.site_days
),
sessions AS (
    SELECT
        max(last_received_at) AS newest_at,
        count(*) AS sessions,
        count(*) FILTER (WHERE origin = 'replay') AS replayed_sessions
    FROM core.sessions
)
SELECT first_date, last_date, newest_at, sessions, replayed_sessions
FROM days, sessions
