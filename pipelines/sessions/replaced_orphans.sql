-- Stops that belonged to no session, of stations that were heard again.
SELECT fault_id
FROM ops.faults
JOIN heard_stations USING (station_id)
WHERE kind = 'orphan_stop' AND last_seen_at >= loose_since
