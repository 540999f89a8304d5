-- The events of each doubtful session but its start, in order of receipt.
SELECT held.no, assigned_events.* EXCLUDE (begin_key, without_id), false AS without_id
FROM assigned_events
JOIN held USING (begin_key)
UNION ALL BY NAME
SELECT held.no, lone_stops.* EXCLUDE (begin_key, own_key, transaction_id), true AS without_id
FROM lone_stops
JOIN held USING (begin_key)
WHERE lone_stops.own_key IS NULL OR lone_stops.own_key <> lone_stops.begin_key
