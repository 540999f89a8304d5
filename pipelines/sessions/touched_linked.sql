-- A session may hold events under several ids: what touches one touches all.
SELECT station_id, transaction_id
FROM (
    SELECT station_id, transaction_id
    FROM all_transaction_events
    SEMI JOIN other_frames USING (collector_id, seq)
    WHERE seq BETWEEN $first_seq AND $last_seq
    UNION
    SELECT station_id, transaction_id FROM core.sessions SEMI JOIN linked_sessions USING (session_id)
)
ANTI JOIN touched_transactions USING (station_id, transaction_id)
WHERE transaction_id IS NOT NULL
