-- Whether any reading may belong to a session without naming its transaction: some name none, or a stop that names
-- none, or one that nobody started, brings its own along.
SELECT
    EXISTS (SELECT 1 FROM loose_readings)
    OR EXISTS (
        SELECT 1 FROM events
        ANTI JOIN (
            SELECT station_id, transaction_id FROM events WHERE event = 'started' AND transaction_id IS NOT NULL
        ) AS started USING (station_id, transaction_id)
        WHERE event = 'ended'
    )
