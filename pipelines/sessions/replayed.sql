-- Connections whose clock was driven by a replay.
SELECT DISTINCT collector_id, connection_id FROM all_connections WHERE event = 'opened' AND clock = 'replay'
