-- Stations that are looked at again, and from when on their events without an id are: as long as a start can find its
-- stop, and a day more, because nothing happens later than a day after its receipt.
SELECT station_id, min(loose_since) AS loose_since
FROM (
    SELECT station_id, from_at - INTERVAL 8 DAY AS loose_since FROM touched_stations
    UNION ALL
    SELECT station_id, $known_until FROM touched_transactions
    UNION ALL
    -- What the registry says of a station is said of all that was ever heard of it.
    SELECT station_id, $beginning FROM touched_registry
)
GROUP BY station_id
