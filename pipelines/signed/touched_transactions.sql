-- Transactions with signed values that something new says anything about: a frame, their session, a key of their station.
SELECT station_id, transaction_id
FROM new_signed_frames
WHERE transaction_id IS NOT NULL
UNION
SELECT known.station_id, known.transaction_id
FROM core.signed_readings AS known
SEMI JOIN changed_sessions USING (station_id, transaction_id)
UNION
SELECT known.station_id, known.transaction_id
FROM core.signed_readings AS known
SEMI JOIN changed_meter_keys USING (station_id)
WHERE known.transaction_id IS NOT NULL
