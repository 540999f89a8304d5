-- The frames that begin each doubtful session: the start, its repetitions, the answers to them.
SELECT held.no, event.collector_id, event.seq, event.answer_seq, event.received_at, event.event_at, event.breaks_schema,
       row_number() OVER (PARTITION BY held.no ORDER BY event.place) AS repetition
FROM doubtful_events AS event
JOIN held
    ON held.has_start
    AND held.station_id = event.station_id
    AND held.evse_id IS NOT DISTINCT FROM event.evse_id
    AND held.id_token IS NOT DISTINCT FROM event.id_token
    AND held.event_at IS NOT DISTINCT FROM event.event_at
    AND held.register_wh IS NOT DISTINCT FROM event.register_wh
    AND (event.transaction_id IS NULL OR list_contains(held.transaction_ids, event.transaction_id))
WHERE event.event = 'started'
