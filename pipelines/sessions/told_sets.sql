-- New frames with the sets of samples that they bring, as they were told. OCPP 1.6 and 2.x differ in names only, so one structure
-- reads both; every leaf is text, because stations send numbers as strings and strings as numbers, and a strange one must
-- not fail the batch.
WITH frames AS (
    SELECT
        collector_id, seq, station_id, received_at, breaks_schema, is_v16,
        parsed_as(payload, '{
            "connectorId": "VARCHAR", "transactionId": "VARCHAR", "evseId": "VARCHAR",
            "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"}, "transactionInfo": {"transactionId": "VARCHAR"},
            "meterValue": [{"timestamp": "VARCHAR", "sampledValue": [{
                "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
                "location": "VARCHAR", "unit": "VARCHAR",
                "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}]
        }') AS body
    FROM reading_calls
)
SELECT
    * EXCLUDE (body),
    coalesce(body.transactionInfo.transactionId, body.transactionId) AS told_transaction,
    coalesce(body.evse.id, body.evseId, body.connectorId) AS told_evse,
    coalesce(body.evse.connectorId, body.connectorId) AS told_connector,
    body.meterValue AS sets
FROM frames
