-- The sessions whose rows are made anew. One whose start is corrected gets another id: rows of the old one go too.
SELECT session_id FROM core.sessions SEMI JOIN touched_transactions USING (station_id, transaction_id)
UNION
SELECT begin_key(station_id, connector_id, evse_id, id_token, event_at, register_wh, ocpp_version, NULL)
FROM events
WHERE event = 'started'
UNION
SELECT begin_key FROM starts
UNION
SELECT md5(concat_ws('|', 'record', station_id, external_session_id)) FROM touched_records
UNION
SELECT session_id FROM session_rows
