-- What begins a doubtful session: a start, or the first that is heard of a transaction whose start is not there (37).
-- A lone stop begins one only if it belongs to none that is open (10, 11): see `lone_stops`.
SELECT
    begin_key, own_id, station_id, ocpp_version, evse_id, connector_id,
    coalesce(starts.transaction_id, adopted.transaction_id) AS transaction_id,
    CASE WHEN adopted.transaction_id IS NULL THEN transaction_ids ELSE [adopted.transaction_id] END AS transaction_ids,
    id_token, external_session_id, event_at, happened_at, register_wh, collector_id, connection_id, received_at,
    true AS has_start,
    adopted.transaction_id IS NOT NULL AS without_id,
    false AS only_stopped
FROM starts
LEFT JOIN adopted USING (begin_key, station_id)
UNION ALL
SELECT
    md5(concat_ws('|', 'missing', station_id, transaction_id)) AS begin_key, begin_key AS own_id,
    station_id, ocpp_version, evse_id, connector_id,
    transaction_id, [transaction_id],
    id_token, external_session_id, NULL, first_at, NULL, collector_id, connection_id, first_received_at,
    false, false, only_stopped
FROM startless
ANTI JOIN adopted USING (station_id, transaction_id)
