-- The sessions that a touched transaction has a part in, or an event without an id that is looked at again.
SELECT session_id
FROM core.session_events
SEMI JOIN (
    SELECT collector_id, seq FROM own_frames UNION ALL SELECT collector_id, seq FROM loose_events
) AS frame USING (collector_id, seq)
UNION
SELECT session_id FROM core.sessions SEMI JOIN touched_transactions USING (station_id, transaction_id)
