-- How far the data reach: the newest session's start. No session counts as newer than what was received of it, so that
-- a station whose clock is years ahead bills no month that has not come.
SELECT max(least(started_at, last_received_at)) AS newest_at
FROM all_sessions
WHERE grade <> 'unbillable'
