-- New frames that start, change or end a transaction, with the token as the station sent it.
-- Every leaf is read as text: stations send numbers as strings and strings as numbers, and a strange one must not
-- fail the batch.
WITH frames AS (
    SELECT
        collector_id, seq, connection_id, station_id, ocpp_version, received_at, message_type, message_id, action,
        CASE WHEN json_valid(payload) THEN from_json(payload, '{
            "connectorId": "VARCHAR", "idTag": "VARCHAR", "timestamp": "VARCHAR", "transactionId": "VARCHAR",
            "meterStart": "VARCHAR", "meterStop": "VARCHAR", "reason": "VARCHAR",
            "eventType": "VARCHAR", "seqNo": "VARCHAR",
            "transactionInfo": {"transactionId": "VARCHAR", "chargingState": "VARCHAR", "stoppedReason": "VARCHAR"},
            "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"},
            "idToken": {"idToken": "VARCHAR"},
            "vendorId": "VARCHAR", "messageId": "VARCHAR", "data": "VARCHAR",
            "customData": {"vendorId": "VARCHAR", "sessionId": "VARCHAR"}
        }') END AS body
    FROM new_messages
    WHERE (direction = 'in' AND message_type IN (2, 6)
           AND action IN ('StartTransaction', 'StopTransaction', 'TransactionEvent', 'DataTransfer'))
       OR (direction = 'out' AND message_type = 3 AND action = 'StartTransaction')
),
named AS (
    SELECT
        *,
        CASE
            WHEN action = 'StartTransaction' AND message_type = 3 THEN 'answer'
            WHEN action = 'StartTransaction' THEN 'started'
            WHEN action = 'StopTransaction' THEN 'ended'
            WHEN action = 'TransactionEvent' THEN lower(trim(body.eventType))
            WHEN body.vendorId = 'kwhouse' AND body.messageId = 'ExternalSession' THEN 'label'
        END AS event,
        -- The label's own JSON travels as text inside the frame's.
        CASE WHEN action = 'DataTransfer' AND json_valid(body.data)
             THEN from_json(body.data, '{"transactionId": "VARCHAR", "sessionId": "VARCHAR"}') END AS label,
        -- Only what starts with a date: DuckDB would take words such as `now` and `today` for times.
        try_cast(regexp_extract(trim(body.timestamp), '^\d{4}-\d\d-\d\d.*') AS TIMESTAMPTZ) AS told_at,
        try_cast(coalesce(body.meterStart, body.meterStop) AS DECIMAL(18, 6)) AS told_register_wh
    FROM frames
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
    -- A 1.6 start has no id yet: the answer brings it.
    CASE WHEN action = 'StartTransaction' AND event = 'started' THEN NULL
         ELSE nullif(trim(coalesce(label.transactionId, body.transactionInfo.transactionId, body.transactionId)), '')
    END AS transaction_id,
    try_cast(coalesce(body.evse.id, body.connectorId) AS INTEGER) AS evse_id,
    try_cast(coalesce(body.evse.connectorId, body.connectorId) AS INTEGER) AS connector_id,
    nullif(trim(coalesce(body.idToken.idToken, body.idTag)), '') AS raw_token,
    -- A clock that was never set, or one far ahead, tells no time: the receipt does.
    CASE WHEN told_at BETWEEN TIMESTAMPTZ '2010-01-01 00:00:00+00' AND received_at + INTERVAL 1 DAY THEN told_at END
        AS event_at,
    -- Below 0 stands for "unknown" (-1 is common); no register of a connector reaches 100 GWh.
    CASE WHEN told_register_wh BETWEEN 0 AND 100000000000 THEN told_register_wh END AS register_wh,
    try_cast(body.seqNo AS BIGINT) AS seq_no,
    body.transactionInfo.chargingState AS charging_state,
    coalesce(body.transactionInfo.stoppedReason, body.reason) AS stop_reason,
    coalesce(label.sessionId, CASE WHEN body.customData.vendorId = 'kwhouse' THEN body.customData.sessionId END)
        AS external_session_id
FROM named
WHERE event IN ('started', 'answer', 'updated', 'ended', 'label')
