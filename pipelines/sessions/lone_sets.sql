-- Lone sets that a station sends as an object instead of a list of one, which breaks the schema; see `told_sets`.
WITH frames AS (
    SELECT
        collector_id, seq, station_id, received_at, breaks_schema, is_v16,
        parsed_as(payload, '{
            "connectorId": "VARCHAR", "transactionId": "VARCHAR", "evseId": "VARCHAR",
            "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"}, "transactionInfo": {"transactionId": "VARCHAR"},
            "meterValue": {"timestamp": "VARCHAR", "sampledValue": [{
                "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
                "location": "VARCHAR", "unit": "VARCHAR",
                "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}
        }') AS body
    FROM reading_calls
    WHERE breaks_schema
)
SELECT
    * EXCLUDE (body),
    coalesce(body.transactionInfo.transactionId, body.transactionId) AS told_transaction,
    coalesce(body.evse.id, body.evseId, body.connectorId) AS told_evse,
    coalesce(body.evse.connectorId, body.connectorId) AS told_connector,
    [body.meterValue] AS sets
FROM frames
WHERE body.meterValue.sampledValue IS NOT NULL
