-- The time of each session in which energy flowed, from register to register; the steps sum to end minus begin.
WITH points AS (
    SELECT session_id, started_at AS at_time, 0 AS edge, begin_register_wh AS register_wh
    FROM registers JOIN session_frame USING (session_id)
    WHERE begin_register_wh <= end_register_wh
    UNION ALL
    -- A stop dated before its start (a clock set meanwhile) still ends it: what was delivered stands in the registers.
    SELECT session_id, greatest(evidence_until, started_at), 2, end_register_wh
    FROM registers JOIN session_frame USING (session_id)
    WHERE begin_register_wh <= end_register_wh
    UNION ALL
    -- A register outside of begin and end is on another scale, or a misreading: no evidence of when energy flowed.
    SELECT session_id, readings.measured_at, 1, readings.register_wh
    FROM readings JOIN registers USING (session_id) JOIN session_frame USING (session_id)
    WHERE readings.measured_at > started_at AND readings.measured_at < evidence_until
      AND readings.register_wh BETWEEN begin_register_wh AND end_register_wh
),
rising AS (
    -- Registers never fall: one below an earlier one adds nothing.
    SELECT
        session_id, at_time, edge,
        max(register_wh) OVER (PARTITION BY session_id ORDER BY at_time, edge) AS register_wh
    FROM points
),
steps AS (
    SELECT
        session_id,
        lag(at_time) OVER session AS from_at,
        at_time AS to_at,
        register_wh - lag(register_wh) OVER session AS energy_wh
    FROM rising
    WINDOW session AS (PARTITION BY session_id ORDER BY at_time, edge)
)
SELECT
    session_id,
    CAST(row_number() OVER (PARTITION BY session_id ORDER BY to_at, from_at) AS INTEGER) AS step_no,
    station_id,
    site_id,
    evse_id,
    connector_id,
    from_at,
    greatest(from_at, to_at) AS to_at,
    CAST(energy_wh AS DECIMAL(18, 6)) AS energy_wh,
    has_readings AND evidence_until >= started_at AS measured,
    -- Believed up to 1.1 times the rating plus 100 Wh; without a rating up to 1 MW (no vehicle takes more today).
    -- Times that contradict each other tell no power.
    evidence_until >= started_at AND CAST(energy_wh AS DOUBLE)
        > 1.1 * coalesce(rated_power_w, 1000000)::DOUBLE * date_sub('millisecond', from_at, to_at) / 3600000 + 100
        AS is_implausible
FROM steps
JOIN registers USING (session_id)
JOIN session_frame USING (session_id)
WHERE energy_wh > 0
