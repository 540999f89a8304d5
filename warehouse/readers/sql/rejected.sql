SELECT
    reason,
    count(*) AS texts,
    count(DISTINCT station_id) AS stations,
    max(received_at) AS last_received_at
FROM raw.rejected
GROUP BY reason
ORDER BY texts DESC, reason
