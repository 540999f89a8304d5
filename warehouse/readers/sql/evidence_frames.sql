-- Frames of a station by their numbers. (Another collector's frame may have the same number.) Each number is a parameter
-- of its own: so files and row groups that hold none of them are not read.
SELECT collector_id, seq, received_at, direction, ocpp_version, message_type, action, payload, schema_error
FROM raw.messages
WHERE station_id = $station_id AND seq IN ($seqs)
