-- What another system's file said of an imported session, the newest import first.
SELECT record.source, record.kind, record.received_at, record.collector_id, record.seq
FROM raw.session_records AS record
JOIN core.sessions AS session
    ON session.station_id = record.station_id AND session.external_session_id = record.external_session_id
WHERE session.session_id = $session_id
ORDER BY record.received_at DESC, record.collector_id, record.seq
