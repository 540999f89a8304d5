-- The yardstick: frames become readings, one row a sample, and are counted. No checks, no units, nothing kept. One
-- structure reads OCPP 1.6 and 2.x; a sample's place is its list, its time that of its set.
WITH parsed AS (
    SELECT unnest(from_json(payload, '{
        "meterValue": [{"timestamp": "VARCHAR", "sampledValue": [{
            "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
            "location": "VARCHAR", "unit": "VARCHAR", "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}]
    }').meterValue) AS reading_set
    FROM raw.messages
    WHERE direction = 'in' AND message_type = 2 AND action IN ('MeterValues', 'TransactionEvent')
),
readings AS (
    SELECT reading_set.timestamp AS measured_at, unnest(reading_set.sampledValue) AS sample FROM parsed
)
SELECT count(*), count(measured_at), count(sample.value) FROM readings
