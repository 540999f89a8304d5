-- Sessions by their begin, the newest first, from behind one of them on.
SELECT *
FROM core.sessions
WHERE ($site_id::VARCHAR IS NULL OR site_id = $site_id)
    AND ($station_id::VARCHAR IS NULL OR station_id = $station_id)
    AND ($state::VARCHAR IS NULL OR state = $state)
    AND ($begun_from::TIMESTAMPTZ IS NULL OR started_at >= $begun_from)
    AND ($begun_to::TIMESTAMPTZ IS NULL OR started_at < $begun_to)
    AND (
        $last_started_at::TIMESTAMPTZ IS NULL
        OR (started_at, session_id) < ($last_started_at::TIMESTAMPTZ, $last_session_id::VARCHAR)
    )
ORDER BY started_at DESC, session_id DESC
LIMIT $limit
