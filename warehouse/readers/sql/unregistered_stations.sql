-- Stations of sessions that the registry does not know.
SELECT count(DISTINCT station_id)
FROM core.sessions
ANTI JOIN registry.stations USING (station_id)
