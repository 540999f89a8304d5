-- Sessions that began in the same second on the same connector as a touched one, now or before the change: what is
-- said of the one depends on the other.
WITH touched_starts AS (
    SELECT station_id, evse_id, second_of(started_at) AS start_second FROM transactions
    UNION
    SELECT station_id, evse_id, second_of(started_at)
    FROM core.sessions
    SEMI JOIN touched_transactions USING (station_id, transaction_id)
)
SELECT sessions.station_id, sessions.transaction_id
FROM core.sessions AS sessions
JOIN touched_starts
    ON sessions.station_id = touched_starts.station_id
    AND sessions.evse_id IS NOT DISTINCT FROM touched_starts.evse_id
    AND second_of(sessions.started_at) = touched_starts.start_second
ANTI JOIN touched_transactions
    ON sessions.station_id = touched_transactions.station_id
    AND sessions.transaction_id = touched_transactions.transaction_id
WHERE sessions.transaction_id IS NOT NULL
