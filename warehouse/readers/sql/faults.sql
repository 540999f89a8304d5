SELECT
    kind,
    count(*) AS faults,
    count(DISTINCT station_id) AS stations,
    count(DISTINCT session_id) AS sessions,
    min(first_seen_at) AS first_seen_at,
    max(last_seen_at) AS last_seen_at
FROM ops.faults
GROUP BY kind
ORDER BY faults DESC, kind
