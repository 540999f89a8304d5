WITH days AS (
    SELECT min(local_date) AS first_date, max(local_date) AS last_date
    FROM mart.site_days
),
sessions AS (
    SELECT
        max(last_received_at) AS newest_at,
        count(*) AS sessions,
        count(*) FILTER (WHERE origin = 'replay') AS replayed_sessions,
        -- the demo's own sites, by the note that its registry gives them
        count(*) FILTER (WHERE origin = 'replay' AND sites.note LIKE '%real sessions%') AS real_sessions
    FROM core.sessions
    LEFT JOIN registry.sites AS sites USING (site_id)
)
SELECT first_date, last_date, newest_at, sessions, replayed_sessions, real_sessions
FROM days, sessions
