-- Every sample of every set by itself, under the name that its place in the set has.
SELECT
    readings.collector_id,
    readings.seq,
    CAST(readings.first_sample_no + layout.place - 1 AS INTEGER) AS sample_no,
    readings.station_id,
    readings.evse_id,
    readings.connector_id,
    readings.transaction_id,
    readings.measured_at,
    readings.received_at,
    layout.measurand,
    layout.phase,
    layout.location,
    layout.context,
    -- A unit that does not belong to the measurand says nothing.
    CASE WHEN layout.unit IS NOT NULL THEN readings.samples[layout.place] END AS value,
    layout.unit,
    readings.told_at,
    readings.breaks_schema
FROM core.readings AS readings
JOIN core.reading_layouts AS layout USING (layout_id)
