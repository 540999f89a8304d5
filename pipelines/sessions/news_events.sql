-- The new events as far as they tell which transactions they touch.
SELECT collector_id, station_id, message_id, event, transaction_id, evse_id, event_at, received_at
FROM changed_transaction_events
