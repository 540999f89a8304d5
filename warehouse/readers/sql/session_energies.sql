-- What the sessions delivered, for comparison with the source they came from.
SELECT station_id, started_at, energy_wh
FROM core.sessions
