-- Received CDRs that somebody has to look into: their price is not that of their tariff, or their identity is taken.
SELECT
    md5(concat_ws('|', 'received_cdr', received_cdr_id, version_no)) AS fault_id,
    'received_cdr' AS kind,
    station_id,
    CAST(NULL AS VARCHAR) AS session_id,
    CAST(json_object(
        'cdr', received_cdr_id, 'version', version_no, 'verdict', verdict, 'reason', reason, 'source', source
    ) AS VARCHAR) AS evidence,
    started_at AS first_seen_at,
    ended_at AS last_seen_at
FROM made_received_cdrs
WHERE verdict IN ('differs', 'refused')
