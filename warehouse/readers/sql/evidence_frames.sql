-- Frames of a station by their numbers. (Another collector's frame may have the same number.)
SELECT collector_id, seq, received_at, direction, ocpp_version, message_type, action, payload, schema_error
FROM raw.messages
WHERE station_id = $station_id AND seq BETWEEN $first AND $last AND seq IN (SELECT unnest($seqs))
