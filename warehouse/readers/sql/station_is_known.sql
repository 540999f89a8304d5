-- Whether the registry knows a station.
SELECT EXISTS (FROM registry.stations WHERE station_id = $station_id)
