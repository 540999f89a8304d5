-- Every event and reading of each doubtful session at its corrected time.
WITH told AS (
    SELECT no, collector_id, seq, 'start' AS kind, received_at, event_at AS told_at, NULL AS sample_no FROM own_starts
    UNION ALL
    SELECT no, collector_id, seq, event, received_at, event_at, NULL FROM own_events
    UNION ALL
    SELECT no, collector_id, seq, 'sample', received_at, coalesce(told_at, measured_at), sample_no FROM samples
)
SELECT
    told.*,
    CASE
        WHEN told_at IS NULL OR told_at > received_at + INTERVAL 24 HOUR THEN received_at
        WHEN told_at < received_at - to_hours(180 * 24) THEN told_at - to_milliseconds(unset_ms)
        WHEN skew_ms IS NOT NULL THEN told_at - to_milliseconds(skew_ms)
        WHEN told_at > received_at + INTERVAL 5 MINUTE THEN received_at
        ELSE told_at
    END AS true_at
FROM told
JOIN clocks USING (no)
