-- Stations that are looked at again, and from when on their events without an id are.
SELECT station_id, CAST($loose_since AS TIMESTAMPTZ) AS loose_since
FROM (SELECT station_id FROM touched_stations UNION SELECT station_id FROM touched_transactions)
