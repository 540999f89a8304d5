-- The sessions whose rows are made anew. One whose start is corrected gets another id: rows of the old one go too.
SELECT session_id FROM core.sessions SEMI JOIN touched_transactions USING (station_id, transaction_id)
UNION
SELECT session_id
FROM core.session_events
SEMI JOIN (SELECT collector_id, seq FROM events WHERE event = 'started') AS start USING (collector_id, seq)
UNION
SELECT md5(concat_ws('|', 'record', station_id, external_session_id)) FROM touched_records
UNION
SELECT session_id FROM session_rows
