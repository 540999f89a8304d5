-- Frames that may hold signed values, and where they belong. What is looked for in the text is cheap, so that fleets
-- without signing meters pay next to nothing; a frame that holds the words and no value is found out later.
WITH frames AS (
    SELECT
        collector_id, seq, station_id, received_at, payload,
        ocpp_version = '1.6' AS is_v16,
        parsed_as(payload, '{
            "connectorId": "VARCHAR", "transactionId": "VARCHAR", "evseId": "VARCHAR",
            "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"}, "transactionInfo": {"transactionId": "VARCHAR"}
        }') AS body
    FROM signed_messages
    WHERE direction = 'in' AND message_type IN (2, 6)
      AND action IN ('MeterValues', 'StopTransaction', 'TransactionEvent')
      AND (contains(payload, 'SignedData') OR contains(payload, 'signedMeterValue') OR contains(payload, 'OCMF|'))
),
told AS (
    SELECT
        * EXCLUDE (body),
        clean_text(coalesce(body.transactionInfo.transactionId, body.transactionId)) AS told_transaction,
        coalesce(body.evse.id, body.evseId, body.connectorId) AS told_evse,
        coalesce(body.evse.connectorId, body.connectorId) AS told_connector
    FROM frames
)
SELECT
    collector_id, seq, station_id, received_at, payload,
    try_cast(told_evse AS INTEGER) AS evse_id,
    try_cast(told_connector AS INTEGER) AS connector_id,
    -- 0 and -1 stand for "no transaction" in 1.6.
    CASE WHEN NOT (is_v16 AND told_transaction IN ('0', '-1')) THEN told_transaction END AS transaction_id
FROM told
