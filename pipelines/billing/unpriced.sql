-- The work list: sessions that would be billed and have no price, with the reason. Nothing is guessed for them.
SELECT
    md5(concat_ws('|', 'unpriced', station_id, session_id)) AS fault_id,
    'unpriced' AS kind,
    station_id,
    session_id,
    CAST(json_object('reason', reason[1], 'detail', reason[2]) AS VARCHAR) AS evidence,
    started_at AS first_seen_at,
    ended_at AS last_seen_at
FROM billing_candidates
WHERE reason IS NOT NULL
