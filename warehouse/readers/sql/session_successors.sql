-- Sessions that hold what one that is gone held: its transaction, or its connector during its time.
SELECT session_id, started_at, transaction_id IS NOT DISTINCT FROM $transaction_id AS same_transaction
FROM core.sessions
WHERE station_id = $station_id
    AND (
        transaction_id IS NOT DISTINCT FROM $transaction_id
        OR (evse_id IS NOT DISTINCT FROM $evse_id
            AND connector_id IS NOT DISTINCT FROM $connector_id
            AND started_at < coalesce($ended_at, $started_at) AND coalesce(ended_at, 'infinity') > $started_at)
    )
ORDER BY same_transaction DESC, abs(epoch(started_at) - epoch($started_at)), session_id
LIMIT 5
