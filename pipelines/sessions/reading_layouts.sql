-- What the samples of the sets are whose layout is new: one set of each layout stands for all others. The canonical unit
-- is that of the measurand; a sample with a unit that does not belong to its measurand contradicts itself and has none.
WITH frames AS (
    SELECT
        first_sets.layout_id, first_sets.set_no,
        parsed_as(payload, '{
            "meterValue": [{"sampledValue": [{
                "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR", "location": "VARCHAR",
                "unit": "VARCHAR", "unitOfMeasure": {"unit": "VARCHAR"}}]}]
        }') AS body,
        parsed_as(payload, '{
            "meterValue": {"sampledValue": [{
                "context": "VARCHAR", "measurand": "VARCHAR", "phase": "VARCHAR", "location": "VARCHAR",
                "unit": "VARCHAR", "unitOfMeasure": {"unit": "VARCHAR"}}]}
        }') AS lone_body
    FROM reading_calls
    JOIN first_sets USING (collector_id, seq)
    WHERE seq BETWEEN $first_seq AND $last_seq
),
sets AS (
    SELECT
        layout_id,
        CASE WHEN body.meterValue IS NOT NULL THEN body.meterValue[set_no].sampledValue
             ELSE lone_body.meterValue.sampledValue END AS samples
    FROM frames
),
told AS (
    SELECT layout_id, CAST(generate_subscripts(samples, 1) AS INTEGER) AS place, unnest(samples) AS sample FROM sets
),
named AS (
    SELECT
        layout_id, place,
        coalesce(clean_text(sample.measurand), 'Energy.Active.Import.Register') AS measurand,
        coalesce(clean_text(coalesce(sample.unitOfMeasure.unit, sample.unit)), '') AS sent,
        clean_text(sample.phase) AS phase,
        coalesce(clean_text(sample.location), 'Outlet') AS location,
        coalesce(clean_text(sample.context), 'Sample.Periodic') AS context
    FROM told
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
units (quantity, sent, unit) AS (
    -- As they are sent, and the canonical one. No unit: the measurand's own.
    VALUES
        ('active_energy', '', 'Wh'), ('active_energy', 'Wh', 'Wh'), ('active_energy', 'kWh', 'Wh'),
        ('reactive_energy', '', 'varh'), ('reactive_energy', 'varh', 'varh'), ('reactive_energy', 'kvarh', 'varh'),
        ('apparent_energy', '', 'VAh'), ('apparent_energy', 'VAh', 'VAh'), ('apparent_energy', 'kVAh', 'VAh'),
        ('active_power', '', 'W'), ('active_power', 'W', 'W'), ('active_power', 'kW', 'W'),
        ('reactive_power', '', 'var'), ('reactive_power', 'var', 'var'), ('reactive_power', 'kvar', 'var'),
        ('apparent_power', '', 'VA'), ('apparent_power', 'VA', 'VA'), ('apparent_power', 'kVA', 'VA'),
        ('current', '', 'A'), ('current', 'A', 'A'),
        ('voltage', '', 'V'), ('voltage', 'V', 'V'),
        ('share', '', 'Percent'), ('share', 'Percent', 'Percent'), ('share', '%', 'Percent'),
        ('frequency', '', 'Hertz'), ('frequency', 'Hertz', 'Hertz'), ('frequency', 'Hz', 'Hertz'),
        ('temperature', '', 'Celsius'), ('temperature', 'Celsius', 'Celsius'),
        ('temperature', 'Celcius', 'Celsius'),  -- as OCPP 1.6's schema spells it
        ('temperature', 'K', 'Celsius'), ('temperature', 'Fahrenheit', 'Celsius'),
        ('rotation', '', 'RPM'), ('rotation', 'RPM', 'RPM'),
        ('ratio', '', 'ratio'), ('ratio', 'ratio', 'ratio')
),
spelled AS (
    -- Stations do not always write as OCPP spells.
    SELECT named.* EXCLUDE (measurand), coalesce(measurands.measurand, named.measurand) AS measurand, quantity
    FROM named
    LEFT JOIN measurands ON lower(measurands.measurand) = lower(named.measurand)
)
SELECT layout_id, place, measurand, phase, location, context, units.unit
FROM spelled
LEFT JOIN units ON units.quantity = spelled.quantity AND lower(units.sent) = lower(spelled.sent)
