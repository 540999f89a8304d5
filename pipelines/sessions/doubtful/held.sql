-- The doubtful sessions: every begin but the lone stops that were found to end another session.
SELECT
    CAST(row_number() OVER (ORDER BY begins.begin_key) AS INTEGER) AS no,
    begins.*,
    next_start_at,
    next_start_frame,
    count(*) OVER (PARTITION BY station_id, transaction_id) > 1 AND transaction_id IS NOT NULL AS is_reused,
    row_number() OVER (
        PARTITION BY station_id, transaction_id, evse_id, coalesce(event_at, happened_at) ORDER BY received_at, own_id
    ) AS place_at_moment
FROM begins
LEFT JOIN next_starts USING (begin_key)
ANTI JOIN (SELECT own_key AS begin_key FROM lone_stops WHERE begin_key IS NOT NULL AND begin_key <> own_key) AS ends_another
    USING (begin_key)
