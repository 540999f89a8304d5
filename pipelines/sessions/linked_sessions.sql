-- The sessions that a touched transaction has a part in.
SELECT session_id FROM core.session_events SEMI JOIN own_frames USING (collector_id, seq)
UNION
SELECT session_id FROM core.sessions SEMI JOIN touched_transactions USING (station_id, transaction_id)
