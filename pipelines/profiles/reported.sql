-- What new frames say of stations, EVSEs and connectors: one row a fact. EVSE 0 and connector 0 stand for the whole.
WITH frames AS (
    SELECT
        collector_id, seq, station_id, received_at, action,
        TRY(from_json(payload, '{
            "status": "VARCHAR",
            "configurationKey": [{"key": "VARCHAR", "value": "VARCHAR"}],
            "reportData": [{
                "component": {"name": "VARCHAR", "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"}},
                "variable": {"name": "VARCHAR"},
                "variableAttribute": [{"type": "VARCHAR", "value": "VARCHAR"}],
                "variableCharacteristics": {"unit": "VARCHAR", "maxLimit": "VARCHAR"}
            }]
        }')) AS body
    FROM new_messages
    WHERE direction = 'in'
      AND CASE
          WHEN message_type IN (2, 6) THEN action IN ('NotifyReport', 'FirmwareStatusNotification')
          -- Whose call an answer belongs to is not always known; no other answer looks like this one.
          WHEN message_type = 3 THEN action = 'GetConfiguration'
              OR (action IS NULL AND ocpp_version = '1.6' AND contains(payload, '"configurationKey"'))
          ELSE false
      END
),
entries AS (
    SELECT collector_id, seq, station_id, received_at, unnest(body.reportData) AS entry
    FROM frames
    WHERE action = 'NotifyReport'
),
-- MATERIALIZED: each is read several times below.
variables AS MATERIALIZED (
    SELECT
        collector_id, seq, station_id, received_at,
        lower(trim(entry.component.name)) AS component,
        lower(trim(entry.variable.name)) AS variable,
        coalesce(try_cast(entry.component.evse.id AS INTEGER), 0) AS evse_id,
        coalesce(try_cast(entry.component.evse.connectorId AS INTEGER), 0) AS connector_id,
        list_filter(entry.variableAttribute, lambda told: coalesce(told.type, 'Actual') = 'Actual')[1].value AS actual,
        try_cast(entry.variableCharacteristics.maxLimit AS DOUBLE)
            * CASE lower(trim(entry.variableCharacteristics.unit)) WHEN 'kw' THEN 1000 ELSE 1 END AS greatest
    FROM entries
),
facts AS (
    SELECT
        collector_id, seq, station_id, received_at, 'BootNotification' AS action, 0 AS evse_id, 0 AS connector_id,
        unnest(['vendor', 'model', 'serial_number', 'firmware']) AS fact,
        unnest([vendor, model, serial_number, firmware]) AS value
    FROM new_boots
    UNION ALL
    SELECT collector_id, seq, station_id, received_at, action, 0, 0, 'firmware_status', body.status
    FROM frames
    WHERE action = 'FirmwareStatusNotification'
    UNION ALL
    SELECT
        collector_id, seq, station_id, received_at, 'GetConfiguration', 0, 0, 'number_of_connectors',
        CAST(try_cast(list_filter(
            body.configurationKey, lambda told: lower(trim(told.key)) = 'numberofconnectors'
        )[1].value AS INTEGER) AS VARCHAR)
    FROM frames
    WHERE body.configurationKey IS NOT NULL
    UNION ALL
    SELECT
        collector_id, seq, station_id, received_at, 'NotifyReport', 0, 0,
        CASE variable
            WHEN 'vendorname' THEN 'vendor'
            WHEN 'model' THEN 'model'
            WHEN 'serialnumber' THEN 'serial_number'
            WHEN 'firmwareversion' THEN 'firmware'
        END,
        actual
    FROM variables
    WHERE component = 'chargingstation' AND evse_id = 0
    UNION ALL
    SELECT collector_id, seq, station_id, received_at, 'NotifyReport', evse_id, connector_id, 'present', 'true'
    FROM variables
    WHERE evse_id > 0 AND (component = 'evse' AND connector_id = 0 OR component = 'connector' AND connector_id > 0)
    UNION ALL
    -- OCPP 2.0.1 part 2, appendix 3: the greatest power of an EVSE is the limit of its variable Power, in W.
    SELECT
        collector_id, seq, station_id, received_at, 'NotifyReport', evse_id, 0, 'greatest_power_w',
        CAST(try_cast(round(greatest) AS BIGINT) AS VARCHAR)
    FROM variables
    WHERE component = 'evse' AND variable = 'power' AND evse_id > 0 AND connector_id = 0 AND greatest > 0
    UNION ALL
    SELECT collector_id, seq, station_id, received_at, 'NotifyReport', evse_id, connector_id, 'connector_type', actual
    FROM variables
    WHERE component = 'connector' AND variable = 'connectortype' AND evse_id > 0 AND connector_id > 0
)
SELECT
    collector_id, seq, station_id, evse_id, connector_id, fact, action, received_at AS reported_at,
    -- PostgreSQL and DuckLake's catalog keep no NUL.
    trim(regexp_replace(value, '[[:cntrl:]]', '', 'g')) AS value
FROM facts
WHERE fact IS NOT NULL AND trim(regexp_replace(value, '[[:cntrl:]]', '', 'g')) <> ''
