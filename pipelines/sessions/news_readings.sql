-- What the new readings name, and from when to when.
SELECT
    station_id, evse_id, transaction_id,
    min(measured_at) AS from_at,
    max(measured_at) AS until_at,
    min(received_at) AS received_at
FROM changed_readings
GROUP BY station_id, evse_id, transaction_id
