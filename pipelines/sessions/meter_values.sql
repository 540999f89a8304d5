-- One row a sampled value, in the canonical unit of its measurand. OCPP 1.6 and 2.x differ in names only, so one
-- structure reads both; every leaf is text, because stations send numbers as strings and strings as numbers.
WITH frames AS (
    SELECT
        collector_id, seq, station_id, received_at, payload,
        CASE WHEN json_valid(payload) THEN from_json(payload, '{
            "connectorId": "VARCHAR", "transactionId": "VARCHAR", "evseId": "VARCHAR",
            "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"}, "transactionInfo": {"transactionId": "VARCHAR"},
            "meterValue": [{"timestamp": "VARCHAR", "sampledValue": [{
                "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
                "location": "VARCHAR", "unit": "VARCHAR",
                "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}],
            "transactionData": [{"timestamp": "VARCHAR", "sampledValue": [{
                "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
                "location": "VARCHAR", "unit": "VARCHAR",
                "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}]
        }') END AS body
    FROM new_messages
    WHERE direction = 'in' AND message_type IN (2, 6)
      AND action IN ('MeterValues', 'StopTransaction', 'TransactionEvent')
),
reading_sets AS (
    SELECT
        * EXCLUDE (payload, body),
        nullif(trim(coalesce(body.transactionInfo.transactionId, body.transactionId)), '') AS transaction_id,
        try_cast(coalesce(body.evse.id, body.evseId, body.connectorId) AS INTEGER) AS evse_id,
        try_cast(coalesce(body.evse.connectorId, body.connectorId) AS INTEGER) AS connector_id,
        -- Some stations send a lone set as an object instead of a list of one.
        CASE
            WHEN body.meterValue IS NOT NULL THEN body.meterValue
            WHEN body.transactionData IS NOT NULL THEN body.transactionData
            WHEN body IS NOT NULL AND contains(payload, '"meterValue"') THEN [from_json(payload, '{
                "meterValue": {"timestamp": "VARCHAR", "sampledValue": [{
                    "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
                    "location": "VARCHAR", "unit": "VARCHAR",
                    "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}
            }').meterValue]
        END AS sets
    FROM frames
),
timed AS (
    -- Flat over sets and samples at once, so that a sample keeps its number within the frame.
    SELECT
        * EXCLUDE (sets),
        flatten(list_transform(sets, lambda one: list_transform(
            one.sampledValue, lambda sample: {'timestamp': one.timestamp, 'sample': sample}))) AS samples
    FROM reading_sets
    WHERE sets IS NOT NULL
),
samples AS (
    SELECT
        * EXCLUDE (samples),
        CAST(generate_subscripts(samples, 1) - 1 AS INTEGER) AS sample_no,
        unnest(samples) AS reading
    FROM timed
),
named AS (
    SELECT
        * EXCLUDE (reading),
        -- Only what starts with a date: DuckDB would take words such as `now` and `today` for times.
        try_cast(regexp_extract(trim(reading.timestamp), '^\d{4}-\d\d-\d\d.*') AS TIMESTAMPTZ) AS told_at,
        coalesce(nullif(trim(reading.sample.measurand), ''), 'Energy.Active.Import.Register') AS measurand,
        nullif(trim(reading.sample.phase), '') AS phase,
        coalesce(nullif(trim(reading.sample.location), ''), 'Outlet') AS location,
        coalesce(nullif(trim(reading.sample.context), ''), 'Sample.Periodic') AS context,
        reading.sample.value AS value_text,
        nullif(trim(coalesce(reading.sample.unitOfMeasure.unit, reading.sample.unit)), '') AS unit_text,
        coalesce(try_cast(reading.sample.unitOfMeasure.multiplier AS INTEGER), 0) AS multiplier
    FROM samples
),
measured AS (
    SELECT
        *,
        CASE
            WHEN starts_with(measurand, 'Energy.Active') THEN 'Wh'
            WHEN starts_with(measurand, 'Energy.Reactive') THEN 'varh'
            WHEN starts_with(measurand, 'Energy.Apparent') THEN 'VAh'
            WHEN starts_with(measurand, 'Power.Active') OR measurand = 'Power.Offered' THEN 'W'
            WHEN starts_with(measurand, 'Power.Reactive') THEN 'var'
            WHEN starts_with(measurand, 'Power.Apparent') THEN 'VA'
            WHEN starts_with(measurand, 'Current') THEN 'A'
            WHEN starts_with(measurand, 'Voltage') THEN 'V'
            WHEN starts_with(measurand, 'SoC') THEN 'Percent'
            WHEN starts_with(measurand, 'Frequency') THEN 'Hertz'
            WHEN starts_with(measurand, 'Temperature') THEN 'Celsius'
            WHEN measurand = 'RPM' THEN 'RPM'
            WHEN measurand = 'Power.Factor' THEN 'ratio'
        END AS unit
    FROM named
),
units (sent, unit, factor, shift) AS (
    -- canonical = (sent + shift) * factor. A unit that does not belong to the measurand finds no row here: a
    -- contradictory sample gets no canonical value and stays in raw only.
    VALUES
        ('wh', 'Wh', 1.0, 0.0), ('kwh', 'Wh', 1000.0, 0.0),
        ('varh', 'varh', 1.0, 0.0), ('kvarh', 'varh', 1000.0, 0.0),
        ('vah', 'VAh', 1.0, 0.0), ('kvah', 'VAh', 1000.0, 0.0),
        ('w', 'W', 1.0, 0.0), ('kw', 'W', 1000.0, 0.0),
        ('var', 'var', 1.0, 0.0), ('kvar', 'var', 1000.0, 0.0),
        ('va', 'VA', 1.0, 0.0), ('kva', 'VA', 1000.0, 0.0),
        ('a', 'A', 1.0, 0.0), ('v', 'V', 1.0, 0.0),
        ('percent', 'Percent', 1.0, 0.0), ('%', 'Percent', 1.0, 0.0),
        ('hertz', 'Hertz', 1.0, 0.0), ('hz', 'Hertz', 1.0, 0.0),
        ('celsius', 'Celsius', 1.0, 0.0), ('celcius', 'Celsius', 1.0, 0.0),  -- as OCPP 1.6's schema spells it
        ('k', 'Celsius', 1.0, -273.15), ('fahrenheit', 'Celsius', 0.555556, -32.0),
        ('rpm', 'RPM', 1.0, 0.0), ('ratio', 'ratio', 1.0, 0.0)
),
canonical AS (
    SELECT
        measured.* EXCLUDE (value_text, unit_text, multiplier, told_at),
        -- A clock that was never set, or one far ahead, tells no time: the receipt does.
        CASE WHEN told_at BETWEEN TIMESTAMPTZ '2010-01-01 00:00:00+00' AND received_at + INTERVAL 1 DAY THEN told_at
             ELSE received_at END AS measured_at,
        CASE
            WHEN units.factor = 1 AND units.shift = 0 AND multiplier = 0 THEN try_cast(value_text AS DECIMAL(18, 6))
            -- From kWh to Wh exactly: a register in kWh has up to nine decimals.
            WHEN units.factor = 1000 AND multiplier = 0
                THEN try_cast(CAST(try_cast(value_text AS DECIMAL(18, 9)) AS DECIMAL(38, 9)) * 1000 AS DECIMAL(18, 6))
            -- OCPP 2.x: value * 10^multiplier. Doubles hold 15 digits, more than any meter shows.
            WHEN multiplier BETWEEN -9 AND 9
                THEN try_cast((try_cast(value_text AS DOUBLE) + units.shift) * units.factor * pow(10, multiplier)
                              AS DECIMAL(18, 6))
        END AS value
    FROM measured
    JOIN units ON units.sent = lower(coalesce(measured.unit_text, measured.unit)) AND units.unit = measured.unit
)
SELECT * FROM canonical
-- No register of a connector reaches 100 GWh, and no other reading that number.
WHERE value BETWEEN -100000000000 AND 100000000000
