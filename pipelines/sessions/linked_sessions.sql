-- The sessions that a touched transaction has a part in, or an event without an id that is looked at again. A start that
-- has just been answered was one of those before.
SELECT session_id
FROM core.session_events
SEMI JOIN (
    SELECT collector_id, seq FROM own_frames
    UNION ALL
    SELECT collector_id, seq FROM loose_events
    UNION ALL
    SELECT collector_id, seq
    FROM loose_calls
    JOIN (SELECT collector_id, seq, transaction_id FROM answered_starts) AS answered USING (collector_id, seq)
    SEMI JOIN touched_transactions
        ON touched_transactions.station_id = loose_calls.station_id
        AND touched_transactions.transaction_id = answered.transaction_id
) AS frame USING (collector_id, seq)
UNION
SELECT session_id FROM core.sessions SEMI JOIN touched_transactions USING (station_id, transaction_id)
