-- One row a sampled value, in the canonical unit of its measurand. OCPP 1.6 and 2.x differ in names only, so one
-- structure reads both; every leaf is text, because stations send numbers as strings and strings as numbers.
-- What can be done once a frame or once a set of samples is done there: most frames hold one set of several samples.
WITH calls AS (
    SELECT
        collector_id, seq, station_id, received_at, action,
        -- DuckLake's catalog cannot hold a NUL.
        CASE WHEN contains(payload, '\u0000') THEN replace(payload, '\u0000', '\ufffd') ELSE payload END AS payload,
        nullif(schema_error IS NOT NULL, false) AS breaks_schema,
        ocpp_version = '1.6' AS is_v16
    FROM new_messages
    WHERE direction = 'in' AND message_type IN (2, 6)
      AND action IN ('MeterValues', 'StopTransaction', 'TransactionEvent')
),
frames AS (
    SELECT
        collector_id, seq, station_id, received_at, payload, breaks_schema, is_v16,
        -- 1.6 names the sets of a stop differently. TRY: a lone surrogate passes for valid JSON and fails here.
        TRY(from_json(
            CASE action WHEN 'StopTransaction' THEN replace(payload, '"transactionData"', '"meterValue"')
                        ELSE payload END,
            '{"connectorId": "VARCHAR", "transactionId": "VARCHAR", "evseId": "VARCHAR",
              "evse": {"id": "VARCHAR", "connectorId": "VARCHAR"}, "transactionInfo": {"transactionId": "VARCHAR"},
              "meterValue": [{"timestamp": "VARCHAR", "sampledValue": [{
                  "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
                  "location": "VARCHAR", "unit": "VARCHAR",
                  "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}]}'
        )) AS body
    FROM calls
),
identified AS (
    SELECT
        collector_id, seq, station_id, received_at, breaks_schema,
        -- Cut, because it is repeated in each sample: OCPP allows 36 characters.
        left(nullif(trim(coalesce(body.transactionInfo.transactionId, body.transactionId)), ''), 255)
            AS told_transaction_id,
        is_v16,
        try_cast(coalesce(body.evse.id, body.evseId, body.connectorId) AS INTEGER) AS evse_id,
        try_cast(coalesce(body.evse.connectorId, body.connectorId) AS INTEGER) AS connector_id,
        -- Some stations send a lone set as an object instead of a list of one.
        CASE
            WHEN body.meterValue IS NOT NULL THEN body.meterValue
            WHEN body IS NOT NULL AND contains(payload, '"meterValue"') THEN [TRY(from_json(payload, '{
                "meterValue": {"timestamp": "VARCHAR", "sampledValue": [{
                    "value": "VARCHAR", "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR",
                    "location": "VARCHAR", "unit": "VARCHAR",
                    "unitOfMeasure": {"unit": "VARCHAR", "multiplier": "VARCHAR"}}]}
            }')).meterValue]
        END AS sets
    FROM frames
),
reading_sets AS (
    SELECT
        * EXCLUDE (sets, told_transaction_id, is_v16),
        -- 0 and -1 stand for "no transaction" in 1.6.
        CASE WHEN NOT (is_v16 AND told_transaction_id IN ('0', '-1')) THEN told_transaction_id END AS transaction_id,
        generate_subscripts(sets, 1) AS set_no,
        unnest(sets) AS reading_set,
        CASE WHEN len(sets) > 1 THEN list_transform(sets, lambda one: len(one.sampledValue)) END AS lengths
    FROM identified
),
told AS (
    SELECT
        * EXCLUDE (reading_set, set_no, lengths),
        CASE WHEN set_no = 1 THEN 0 ELSE coalesce(list_sum(lengths[:set_no - 1]), 0) END AS samples_before,
        -- Only what starts with a date: DuckDB would take words such as `now` and `today` for times.
        CASE WHEN trim(reading_set.timestamp) LIKE '____-__-__%'
             THEN try_cast(trim(reading_set.timestamp) AS TIMESTAMPTZ) END AS told_at,
        reading_set.sampledValue AS samples
    FROM reading_sets
),
timed AS (
    SELECT
        * EXCLUDE (told_at),
        -- A clock that was never set (before 2010), or one a day ahead, tells no time: the receipt does.
        CASE WHEN epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000 THEN told_at
             ELSE received_at END AS measured_at,
        CASE WHEN NOT epoch_us(told_at) BETWEEN 1262304000000000 AND epoch_us(received_at) + 86400000000
             THEN told_at END AS told_at
    FROM told
),
samples AS (
    SELECT
        * EXCLUDE (samples, samples_before),
        CAST(samples_before + generate_subscripts(samples, 1) - 1 AS INTEGER) AS sample_no,
        unnest(samples) AS sample
    FROM timed
),
measurands (measurand, quantity) AS (
    -- OCPP 1.6 section 7.31, OCPP 2.0.1 part 2 section 3.57 and OCPP 2.1.
    VALUES
        ('Energy.Active.Import.Register', 'active_energy'), ('Energy.Active.Export.Register', 'active_energy'),
        ('Energy.Active.Import.Interval', 'active_energy'), ('Energy.Active.Export.Interval', 'active_energy'),
        ('Energy.Active.Net', 'active_energy'), ('Energy.Active.Import.CableLoss', 'active_energy'),
        ('Energy.Active.Import.LocalGeneration.Register', 'active_energy'), ('Energy.Active.Setpoint.Interval', 'active_energy'),
        ('Energy.Reactive.Import.Register', 'reactive_energy'), ('Energy.Reactive.Export.Register', 'reactive_energy'),
        ('Energy.Reactive.Import.Interval', 'reactive_energy'), ('Energy.Reactive.Export.Interval', 'reactive_energy'),
        ('Energy.Reactive.Net', 'reactive_energy'), ('Energy.Apparent.Net', 'apparent_energy'),
        ('Energy.Apparent.Import', 'apparent_energy'), ('Energy.Apparent.Export', 'apparent_energy'),
        ('Energy.Request', 'active_energy'), ('EnergyRequest.Target', 'active_energy'),
        ('EnergyRequest.Minimum', 'active_energy'), ('EnergyRequest.Maximum', 'active_energy'),
        ('Power.Active.Import', 'active_power'), ('Power.Active.Export', 'active_power'),
        ('Power.Active.Setpoint', 'active_power'), ('Power.Active.Residual', 'active_power'),
        ('Power.Import.Offered', 'active_power'), ('Power.Export.Offered', 'active_power'),
        ('Power.Import.Minimum', 'active_power'), ('Power.Export.Minimum', 'active_power'),
        ('Power.Offered', 'active_power'),
        ('Power.Reactive.Import', 'reactive_power'), ('Power.Reactive.Export', 'reactive_power'),
        ('Power.Apparent.Import', 'apparent_power'), ('Power.Apparent.Export', 'apparent_power'),
        ('Power.Factor', 'ratio'),
        ('Current.Import', 'current'), ('Current.Export', 'current'), ('Current.Offered', 'current'),
        ('Current.Import.Offered', 'current'), ('Current.Export.Offered', 'current'),
        ('Current.Import.Minimum', 'current'), ('Current.Export.Minimum', 'current'),
        ('Voltage', 'voltage'), ('Voltage.Minimum', 'voltage'), ('Voltage.Maximum', 'voltage'),
        ('SoC', 'share'), ('Display.PresentSOC', 'share'), ('Display.MinimumSOC', 'share'),
        ('Display.TargetSOC', 'share'), ('Display.MaximumSOC', 'share'),
        ('Frequency', 'frequency'), ('Temperature', 'temperature'), ('RPM', 'rotation')
),
units (quantity, sent, unit, factor, shift) AS (
    -- canonical = (sent + shift) * factor. A unit that does not belong to the measurand finds no row here: such a
    -- contradictory sample gets no canonical value; as sent it stays in raw. No unit: the measurand's own.
    VALUES
        ('active_energy', '', 'Wh', 1.0, 0.0), ('active_energy', 'Wh', 'Wh', 1.0, 0.0),
        ('active_energy', 'kWh', 'Wh', 1000.0, 0.0),
        ('reactive_energy', '', 'varh', 1.0, 0.0), ('reactive_energy', 'varh', 'varh', 1.0, 0.0),
        ('reactive_energy', 'kvarh', 'varh', 1000.0, 0.0),
        ('apparent_energy', '', 'VAh', 1.0, 0.0), ('apparent_energy', 'VAh', 'VAh', 1.0, 0.0),
        ('apparent_energy', 'kVAh', 'VAh', 1000.0, 0.0),
        ('active_power', '', 'W', 1.0, 0.0), ('active_power', 'W', 'W', 1.0, 0.0),
        ('active_power', 'kW', 'W', 1000.0, 0.0),
        ('reactive_power', '', 'var', 1.0, 0.0), ('reactive_power', 'var', 'var', 1.0, 0.0),
        ('reactive_power', 'kvar', 'var', 1000.0, 0.0),
        ('apparent_power', '', 'VA', 1.0, 0.0), ('apparent_power', 'VA', 'VA', 1.0, 0.0),
        ('apparent_power', 'kVA', 'VA', 1000.0, 0.0),
        ('current', '', 'A', 1.0, 0.0), ('current', 'A', 'A', 1.0, 0.0),
        ('voltage', '', 'V', 1.0, 0.0), ('voltage', 'V', 'V', 1.0, 0.0),
        ('share', '', 'Percent', 1.0, 0.0), ('share', 'Percent', 'Percent', 1.0, 0.0),
        ('share', '%', 'Percent', 1.0, 0.0),
        ('frequency', '', 'Hertz', 1.0, 0.0), ('frequency', 'Hertz', 'Hertz', 1.0, 0.0),
        ('frequency', 'Hz', 'Hertz', 1.0, 0.0),
        ('temperature', '', 'Celsius', 1.0, 0.0), ('temperature', 'Celsius', 'Celsius', 1.0, 0.0),
        ('temperature', 'Celcius', 'Celsius', 1.0, 0.0),  -- as OCPP 1.6's schema spells it
        ('temperature', 'K', 'Celsius', 1.0, -273.15), ('temperature', 'Fahrenheit', 'Celsius', 0.555556, -32.0),
        ('rotation', '', 'RPM', 1.0, 0.0), ('rotation', 'RPM', 'RPM', 1.0, 0.0),
        ('ratio', '', 'ratio', 1.0, 0.0), ('ratio', 'ratio', 'ratio', 1.0, 0.0)
),
conversions AS (
    SELECT measurand, sent, unit, factor, shift FROM measurands JOIN units USING (quantity)
),
named AS (
    SELECT
        * EXCLUDE (sample),
        coalesce(nullif(sample.measurand, ''), 'Energy.Active.Import.Register') AS told_measurand,
        coalesce(sample.unitOfMeasure.unit, sample.unit, '') AS told_unit,
        nullif(sample.phase, '') AS phase,
        coalesce(nullif(sample.location, ''), 'Outlet') AS location,
        coalesce(nullif(sample.context, ''), 'Sample.Periodic') AS context,
        sample.value AS value_text,
        coalesce(try_cast(sample.unitOfMeasure.multiplier AS INTEGER), 0) AS multiplier
    FROM samples
),
spelled AS (
    -- Most stations write as OCPP spells; only what is not found so is trimmed and brought to lower case.
    SELECT
        named.*,
        exact.unit AS exact_unit, exact.factor AS exact_factor, exact.shift AS exact_shift,
        CASE WHEN exact.unit IS NULL THEN lower(trim(told_measurand)) END AS loose_measurand,
        CASE WHEN exact.unit IS NULL THEN lower(trim(told_unit)) END AS loose_unit
    FROM named
    LEFT JOIN conversions AS exact ON exact.measurand = told_measurand AND exact.sent = told_unit
),
understood AS (
    SELECT
        spelled.* EXCLUDE (told_measurand, told_unit, exact_unit, exact_factor, exact_shift, loose_measurand, loose_unit),
        coalesce(loose.measurand, trim(told_measurand)) AS measurand,
        coalesce(exact_unit, loose.unit) AS unit,
        coalesce(exact_factor, loose.factor) AS factor,
        coalesce(exact_shift, loose.shift) AS shift
    FROM spelled
    LEFT JOIN (SELECT DISTINCT ON (lower(measurand), lower(sent)) * FROM conversions) AS loose
        ON lower(loose.measurand) = loose_measurand AND lower(loose.sent) = loose_unit
),
canonical AS (
    SELECT
        * EXCLUDE (value_text, multiplier, factor, shift),
        CASE
            WHEN factor = 1 AND shift = 0 AND multiplier = 0 THEN try_cast(value_text AS DECIMAL(18, 6))
            -- From kWh to Wh exactly: a register in kWh has up to nine decimals.
            WHEN factor = 1000 AND multiplier = 0
                THEN try_cast(CAST(try_cast(value_text AS DECIMAL(18, 9)) AS DECIMAL(38, 9)) * 1000 AS DECIMAL(18, 6))
            -- OCPP 2.x: value * 10^multiplier. Doubles hold 15 digits, more than any meter shows.
            WHEN multiplier BETWEEN -9 AND 9
                THEN try_cast((try_cast(value_text AS DOUBLE) * pow(10, multiplier) + shift) * factor
                              AS DECIMAL(18, 6))
        END AS value
    FROM understood
)
SELECT
    * EXCLUDE (value),
    -- No register of a connector reaches 100 GWh, and no other reading that number.
    CASE WHEN value BETWEEN -100000000000 AND 100000000000 THEN value END AS value
FROM canonical
