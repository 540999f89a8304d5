-- Frames of the touched transactions, and those without a transaction of stations whose key has changed, that were read
-- before.
SELECT DISTINCT known.collector_id, known.seq, known.received_at
FROM core.signed_readings AS known
LEFT JOIN touched_signed USING (station_id, transaction_id)
WHERE touched_signed.station_id IS NOT NULL
   OR known.transaction_id IS NULL AND known.station_id IN (SELECT station_id FROM changed_meter_keys)
