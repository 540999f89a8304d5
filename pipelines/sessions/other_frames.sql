-- The other events of these sessions.
SELECT collector_id, seq
FROM core.session_events
SEMI JOIN linked_sessions USING (session_id)
ANTI JOIN own_frames USING (collector_id, seq)
