-- New frames that bring sets of samples, if they do.
SELECT
    collector_id, seq, station_id, received_at,
    nullif(schema_error IS NOT NULL, false) AS breaks_schema,
    ocpp_version = '1.6' AS is_v16,
    -- 1.6 names the sets of a stop differently.
    CASE action WHEN 'StopTransaction' THEN replace(payload, '"transactionData"', '"meterValue"')
                ELSE payload END AS payload
FROM new_messages
WHERE direction = 'in' AND message_type IN (2, 6)
  AND action IN ('MeterValues', 'StopTransaction', 'TransactionEvent')
