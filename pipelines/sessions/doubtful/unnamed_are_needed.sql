-- Whether any reading may belong to a session without naming its transaction: some name none, or a stop that names
-- none, or one that nobody started, brings its own along.
SELECT
    EXISTS (SELECT 1 FROM loose_readings)
    OR EXISTS (SELECT 1 FROM transactions WHERE starts = 0 AND stops > 0)
    OR EXISTS (SELECT 1 FROM events WHERE event = 'ended' AND transaction_id IS NULL)
