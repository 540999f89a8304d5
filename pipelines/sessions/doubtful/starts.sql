-- Starts, each once: a station that gets no answer says the same again under a new message id (8), and a central
-- system may give it another transaction id then.
WITH told AS (
    SELECT
        *,
        begin_key(station_id, connector_id, evse_id, id_token, event_at, register_wh, ocpp_version, transaction_id) AS begin_key
    FROM doubtful_events
    WHERE event = 'started'
),
each_once AS (
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
        min(received_at) AS received_at,
        min(place) AS first_place
    FROM told
    GROUP BY begin_key, station_id
)
-- `own_id` names the session of a start that no transaction id names: by when and where it was and at which register. Not
-- by the token: that is known by a pseudonym, which may be forgotten, and a session whose id changed would be billed
-- again. Of two tokens at one moment the first has the id, the second the next one: should the first be answered later,
-- the second takes its place.
SELECT
    * EXCLUDE (first_place),
    md5(concat_ws('|', station_id, coalesce(CAST(connector_id AS VARCHAR), '-'), coalesce(CAST(evse_id AS VARCHAR), '-'),
        epoch_us(happened_at), coalesce(CAST(register_wh AS VARCHAR), '-'),
        nullif(row_number() OVER (
            PARTITION BY station_id, connector_id, evse_id, happened_at, register_wh, transaction_id IS NULL
            ORDER BY first_place
        ), 1))) AS own_id
FROM each_once
