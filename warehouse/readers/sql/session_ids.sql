-- Sessions that a person may mean: the id itself, the other system's id, or the beginning of an id.
SELECT session_id, station_id, started_at, session_id = $text OR external_session_id IS NOT DISTINCT FROM $text AS exact
FROM core.sessions
WHERE starts_with(session_id, $text) OR external_session_id = $text
ORDER BY exact DESC, started_at DESC, session_id
LIMIT $limit
