-- From when on anything may look different at each heard station: the first that is new, the first event without an id
-- that is looked at again, the first touched session; and a day before that, because clocks differ.
SELECT station_id, min(from_at) - INTERVAL 1 DAY AS from_at
FROM (
    SELECT station_id, from_at FROM touched_stations
    UNION ALL
    SELECT station_id, from_at FROM loose_stations
    UNION ALL
    SELECT station_id, started_at FROM core.sessions SEMI JOIN touched_transactions USING (station_id, transaction_id)
)
GROUP BY station_id
