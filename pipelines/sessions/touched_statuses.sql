-- What is said of the touched connectors' status from the news on.
SELECT status.*
FROM all_statuses AS status
JOIN touched_connectors USING (station_id, evse_id, connector_id)
WHERE status.happened_at >= marks_from AND status.happened_at >= getvariable('marks_since')
