-- Plain transactions during which their EVSE was read without the id of a transaction: such readings may be theirs.
SELECT DISTINCT plain.no
FROM loose_readings AS loose
JOIN plain_transactions AS plain
    ON plain.station_id = loose.station_id
    AND plain.evse_id = loose.evse_id
    AND loose.measured_at BETWEEN plain.started_at AND plain.ended_at
