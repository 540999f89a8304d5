-- Plain sessions that begin on a connector where another one was never stopped, and that have to take its later readings.
SELECT DISTINCT follower.station_id, follower.transaction_id
FROM held
ANTI JOIN (SELECT no FROM own_events WHERE event = 'ended') AS stopped USING (no)
JOIN transactions AS follower
    ON follower.station_id = held.station_id
    AND follower.evse_id = held.evse_id
    AND follower.started_at = held.next_start_at
JOIN samples ON samples.no = held.no AND samples.measured_at >= held.next_start_at
WHERE follower.is_plain AND held.ocpp_version = '1.6'
