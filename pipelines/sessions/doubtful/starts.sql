-- Starts, each once: a station that gets no answer says the same again under a new message id (8), and a central
-- system may give it another transaction id then.
WITH told AS (
    SELECT
        *,
        begin_key(station_id, connector_id, evse_id, id_token, event_at, register_wh, ocpp_version, transaction_id) AS begin_key
    FROM doubtful_events
    WHERE event = 'started'
)
SELECT
    begin_key,
    station_id,
    arg_min(ocpp_version, place) AS ocpp_version,
    arg_min(evse_id, place) AS evse_id,
    arg_min(connector_id, place) AS connector_id,
    arg_min(transaction_id, place) AS transaction_id,
    list_sort(list(DISTINCT transaction_id) FILTER (transaction_id IS NOT NULL)) AS transaction_ids,
    arg_min(id_token, place) AS id_token,
    arg_min(external_session_id, place) AS external_session_id,
    arg_min(event_at, place) AS event_at,
    arg_min(happened_at, place) AS happened_at,
    arg_min(register_wh, place) AS register_wh,
    arg_min(collector_id, place) AS collector_id,
    arg_min(connection_id, place) AS connection_id,
    min(received_at) AS received_at
FROM told
GROUP BY begin_key, station_id
