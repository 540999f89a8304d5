-- New frames that may start, change or end a transaction, with the token as the station sent it, and those that tell of a
-- connector's status: reading the frames' texts from their files costs as much as parsing few of them, so it is done once
-- for both. Every leaf is read as text: stations send numbers as strings and strings as numbers, and a strange one must
-- not fail the batch. What is neither is left out by the next step: a condition on what was parsed would parse each frame
-- twice here.
WITH frames AS (
    SELECT
        collector_id, seq, connection_id, station_id, ocpp_version, received_at, message_type, message_id, action,
        nullif(schema_error IS NOT NULL, false) AS breaks_schema,
        parsed_as(payload, '{
            "eventType": "VARCHAR", "timestamp": "VARCHAR", "seqNo": "VARCHAR",
            "transactionInfo": {"transactionId": "VARCHAR", "chargingState": "VARCHAR", "stoppedReason": "VARCHAR"},
            "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"},
            "idToken": {"idToken": "VARCHAR"},
            "connectorId": "VARCHAR", "idTag": "VARCHAR", "transactionId": "VARCHAR",
            "meterStart": "VARCHAR", "meterStop": "VARCHAR", "reason": "VARCHAR",
            "customData": {"vendorId": "VARCHAR", "sessionId": "VARCHAR"},
            "evseId": "VARCHAR", "status": "VARCHAR", "connectorStatus": "VARCHAR", "errorCode": "VARCHAR"
        }') AS body,
        -- The label's own JSON travels as text inside the frame's.
        CASE WHEN action = 'DataTransfer'
             THEN parsed_as(payload, '{"vendorId": "VARCHAR", "messageId": "VARCHAR", "data": "VARCHAR"}')
        END AS vendor_body
    FROM new_messages
    WHERE (direction = 'in' AND message_type IN (2, 6)
           AND action IN ('StartTransaction', 'StopTransaction', 'TransactionEvent', 'DataTransfer',
                          'StatusNotification'))
       OR (direction = 'out' AND message_type = 3 AND action = 'StartTransaction')
),
named AS (
    SELECT
        *,
        CASE
            WHEN action = 'TransactionEvent' THEN lower(clean_text(body.eventType))
            WHEN action = 'StartTransaction' AND message_type = 3 THEN 'answer'
            WHEN action = 'StartTransaction' THEN 'started'
            WHEN action = 'StopTransaction' THEN 'ended'
            WHEN vendor_body.vendorId = 'kwhouse' AND vendor_body.messageId = 'ExternalSession' THEN 'label'
        END AS event,
        CASE WHEN vendor_body.vendorId = 'kwhouse' AND vendor_body.messageId = 'ExternalSession'
             THEN parsed_as(vendor_body.data, '{"transactionId": "VARCHAR", "sessionId": "VARCHAR"}') END AS label
    FROM frames
),
identified AS (
    SELECT
        * EXCLUDE (body, label, vendor_body),
        coalesce(label.transactionId, body.transactionInfo.transactionId, body.transactionId) AS told_transaction,
        CASE action WHEN 'StatusNotification' THEN coalesce(body.evseId, body.connectorId)
                    ELSE coalesce(body.evse.id, body.connectorId) END AS told_evse,
        CASE action WHEN 'StatusNotification' THEN body.connectorId
                    ELSE coalesce(body.evse.connectorId, body.connectorId) END AS told_connector,
        coalesce(body.idToken.idToken, body.idTag) AS told_token,
        body.timestamp AS told_at,
        try_cast(coalesce(body.meterStart, body.meterStop) AS DECIMAL(18, 6)) AS told_register_wh,
        body.seqNo AS told_seq_no,
        body.transactionInfo.chargingState AS charging_state,
        coalesce(body.transactionInfo.stoppedReason, body.reason) AS stop_reason,
        coalesce(label.sessionId, CASE WHEN body.customData.vendorId = 'kwhouse' THEN body.customData.sessionId END)
            AS external_session_id,
        CASE action WHEN 'StatusNotification' THEN coalesce(body.connectorStatus, body.status) END AS told_state,
        CASE action WHEN 'StatusNotification' THEN body.errorCode END AS error_code
    FROM named
)
SELECT
    collector_id, seq, connection_id, station_id, ocpp_version, received_at, event, message_id,
    -- A 1.6 start has no id yet: the answer brings it. 0 and -1 stand for "no transaction" in 1.6.
    CASE WHEN NOT (action = 'StartTransaction' AND event = 'started')
          AND NOT (ocpp_version = '1.6' AND clean_text(told_transaction) IN ('0', '-1'))
         THEN clean_text(told_transaction) END AS transaction_id,
    try_cast(told_evse AS INTEGER) AS evse_id,
    try_cast(told_connector AS INTEGER) AS connector_id,
    clean_text(told_token) AS raw_token,
    told_time(told_at) AS event_at,
    -- Below 0 stands for "unknown" (-1 is common); no register of a connector reaches 100 GWh.
    CASE WHEN told_register_wh BETWEEN 0 AND 100000000000 THEN told_register_wh END AS register_wh,
    try_cast(told_seq_no AS BIGINT) AS seq_no,
    clean_text(charging_state) AS charging_state,
    clean_text(stop_reason) AS stop_reason,
    clean_text(external_session_id) AS external_session_id,
    breaks_schema,
    told_state, error_code
FROM identified
