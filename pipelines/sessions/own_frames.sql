-- The events that name a touched transaction of which they have not been looked for yet.
SELECT collector_id, seq, received_at FROM all_transaction_events SEMI JOIN unframed USING (station_id, transaction_id)
