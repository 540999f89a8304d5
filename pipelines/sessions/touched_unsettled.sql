-- Sessions that were not settled before what may look different at their station.
SELECT DISTINCT station_id, transaction_id
FROM unsettled_sessions
JOIN touched_since USING (station_id)
ANTI JOIN touched_transactions USING (station_id, transaction_id)
WHERE settled_at >= from_at AND transaction_id IS NOT NULL
