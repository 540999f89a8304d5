-- Stations that have knocked and that the registry does not know, the newest knock first.
SELECT station_id, first_at, last_at, knocks, remote_address
FROM access.waiting_stations
ANTI JOIN registry.stations USING (station_id)
ORDER BY last_at DESC, station_id
