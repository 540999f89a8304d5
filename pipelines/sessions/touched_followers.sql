-- Sessions, not touched yet, that began on a connector where a touched one was never stopped and goes on under its id.
SELECT DISTINCT follower.station_id, follower.transaction_id
FROM held
ANTI JOIN (SELECT no FROM own_events WHERE event = 'ended') AS stopped USING (no)
JOIN samples ON samples.no = held.no AND samples.measured_at >= held.next_start_at
JOIN core.sessions AS follower
    ON follower.station_id = held.station_id
    AND follower.evse_id = held.evse_id
    AND follower.started_at = held.next_start_at
ANTI JOIN touched_transactions
    ON touched_transactions.station_id = follower.station_id
    AND touched_transactions.transaction_id = follower.transaction_id
WHERE follower.transaction_id IS NOT NULL AND held.ocpp_version = '1.6'
