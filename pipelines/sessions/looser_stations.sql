-- Touched sessions that were given events without an id: these are looked at again too, however old they are.
SELECT station_id, min(started_at) - INTERVAL 1 DAY AS loose_since
FROM core.sessions
SEMI JOIN touched_transactions USING (station_id, transaction_id)
WHERE list_contains(flags, 'matched_without_id')
GROUP BY station_id
