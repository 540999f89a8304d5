-- New frames that start, change or end a transaction, with the token as the station sent it.
-- Every leaf is read as text: stations send numbers as strings and strings as numbers, and a strange one must not
-- fail the batch.
WITH calls AS (
    SELECT
        * EXCLUDE (payload),
        -- DuckLake's catalog cannot hold a NUL.
        CASE WHEN contains(payload, '\u0000') THEN replace(payload, '\u0000', '\ufffd') ELSE payload END AS payload
    FROM new_messages
    WHERE (direction = 'in' AND message_type IN (2, 6)
           AND action IN ('StartTransaction', 'StopTransaction', 'TransactionEvent', 'DataTransfer'))
       OR (direction = 'out' AND message_type = 3 AND action = 'StartTransaction')
),
frames AS (
    SELECT
        collector_id, seq, connection_id, station_id, ocpp_version, received_at, message_type, message_id, action,
        nullif(schema_error IS NOT NULL, false) AS breaks_schema,
        TRY(from_json(payload, '{
            "connectorId": "VARCHAR", "idTag": "VARCHAR", "timestamp": "VARCHAR", "transactionId": "VARCHAR",
            "meterStart": "VARCHAR", "meterStop": "VARCHAR", "reason": "VARCHAR",
            "eventType": "VARCHAR", "seqNo": "VARCHAR",
            "transactionInfo": {"transactionId": "VARCHAR", "chargingState": "VARCHAR", "stoppedReason": "VARCHAR"},
            "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"},
            "idToken": {"idToken": "VARCHAR"},
            "customData": {"vendorId": "VARCHAR", "sessionId": "VARCHAR"}
        }')) AS body,
        -- The label's own JSON travels as text inside the frame's.
        CASE WHEN action = 'DataTransfer'
             THEN TRY(from_json(payload, '{"vendorId": "VARCHAR", "messageId": "VARCHAR", "data": "VARCHAR"}'))
        END AS vendor_body
    FROM calls
),
named AS (
    SELECT
        *,
        CASE
            WHEN action = 'StartTransaction' AND message_type = 3 THEN 'answer'
            WHEN action = 'StartTransaction' THEN 'started'
            WHEN action = 'StopTransaction' THEN 'ended'
            WHEN action = 'TransactionEvent' THEN lower(trim(body.eventType))
            WHEN vendor_body.vendorId = 'kwhouse' AND vendor_body.messageId = 'ExternalSession' THEN 'label'
        END AS event,
        CASE WHEN vendor_body.data IS NOT NULL
             THEN TRY(from_json(vendor_body.data, '{"transactionId": "VARCHAR", "sessionId": "VARCHAR"}')) END AS label,
        -- Only what starts with a date: DuckDB would take words such as `now` and `today` for times.
        CASE WHEN trim(body.timestamp) LIKE '____-__-__%'
             THEN try_cast(trim(body.timestamp) AS TIMESTAMPTZ) END AS told_at,
        try_cast(coalesce(body.meterStart, body.meterStop) AS DECIMAL(18, 6)) AS told_register_wh
    FROM frames
),
identified AS (
    SELECT
        *,
        -- Cut as in meter_values: OCPP allows 36 characters.
        left(nullif(trim(coalesce(label.transactionId, body.transactionInfo.transactionId, body.transactionId)), ''), 255)
            AS told_transaction_id
    FROM named
)
SELECT
    collector_id,
    seq,
    connection_id,
    station_id,
    ocpp_version,
    received_at,
    event,
    message_id,
    -- A 1.6 start has no id yet: the answer brings it. 0 and -1 stand for "no transaction" in 1.6.
    CASE WHEN NOT (action = 'StartTransaction' AND event = 'started')
          AND NOT (ocpp_version = '1.6' AND told_transaction_id IN ('0', '-1'))
         THEN told_transaction_id END AS transaction_id,
    try_cast(coalesce(body.evse.id, body.connectorId) AS INTEGER) AS evse_id,
    try_cast(coalesce(body.evse.connectorId, body.connectorId) AS INTEGER) AS connector_id,
    nullif(trim(coalesce(body.idToken.idToken, body.idTag)), '') AS raw_token,
    told_at AS event_at,
    -- Below 0 stands for "unknown" (-1 is common); no register of a connector reaches 100 GWh.
    CASE WHEN told_register_wh BETWEEN 0 AND 100000000000 THEN told_register_wh END AS register_wh,
    try_cast(body.seqNo AS BIGINT) AS seq_no,
    body.transactionInfo.chargingState AS charging_state,
    coalesce(body.transactionInfo.stoppedReason, body.reason) AS stop_reason,
    coalesce(label.sessionId, CASE WHEN body.customData.vendorId = 'kwhouse' THEN body.customData.sessionId END)
        AS external_session_id,
    breaks_schema
FROM identified
WHERE event IN ('started', 'answer', 'updated', 'ended', 'label')
