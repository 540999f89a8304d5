-- The work list: sessions that would be billed and have no price, with the reason. Nothing is guessed for them.
SELECT
    md5(concat_ws('|', 'unpriced', station_id, session_id)) AS fault_id,
    'unpriced' AS kind,
    station_id,
    session_id,
    CAST(json_object('reason', reason[1], 'detail', reason[2]) AS VARCHAR) AS evidence,
    started_at AS first_seen_at,
    ended_at AS last_seen_at
FROM (
    SELECT
        billing_candidates.* EXCLUDE (reason),
        coalesce(reason, CASE WHEN NOT has_element THEN [
            'no_element',
            'No element of tariff ' || tariff_id || ' version ' || tariff_version || ' matches anything of the session.'
        ] END) AS reason
    FROM billing_candidates
    LEFT JOIN rated_totals USING (session_id)
)
WHERE reason IS NOT NULL
