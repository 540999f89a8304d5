-- Begin and end register of each session by the best evidence there is: the exact readings of begin and end where
-- they agree with the whole Wh of start and stop, then those, then periodic readings within the session.
WITH edges AS (
    SELECT
        session_id,
        arg_min(begin_wh, measured_at) AS begin_wh,
        arg_max(end_wh, measured_at) AS end_wh,
        arg_min(register_wh, measured_at)
            FILTER (measured_at BETWEEN started_at AND coalesce(ended_at, 'infinity')) AS first_wh,
        arg_max(register_wh, measured_at)
            FILTER (measured_at BETWEEN started_at AND coalesce(ended_at, 'infinity')) AS last_wh,
        max(measured_at) FILTER (
            register_wh IS NOT NULL AND measured_at BETWEEN started_at AND coalesce(ended_at, 'infinity')
        ) AS last_measured_at,
        max(power_w) FILTER (measured_at BETWEEN started_at AND coalesce(ended_at, 'infinity')) AS power_w,
        count(coalesce(begin_wh, end_wh, register_wh)) AS readings,
        max(readings.last_received_at) AS last_received_at
    FROM readings
    JOIN session_frame USING (session_id)
    GROUP BY session_id
),
chosen AS (
    SELECT
        session_frame.session_id,
        coalesce(
            -- OCPP 1.6 sends start and stop in whole Wh: within 1 Wh the reading with decimals is the same register.
            CASE WHEN abs(begin_wh - coalesce(meter_start_wh, begin_wh)) <= 1 THEN begin_wh END,
            meter_start_wh,
            first_wh
        ) AS begin_register_wh,
        coalesce(
            CASE WHEN abs(end_wh - coalesce(meter_stop_wh, end_wh)) <= 1 THEN end_wh END, meter_stop_wh, last_wh
        ) AS end_register_wh,
        coalesce(begin_wh, meter_start_wh) IS NOT NULL AND coalesce(end_wh, meter_stop_wh) IS NOT NULL AS both_edges,
        coalesce(ended_at, last_measured_at, started_at) AS evidence_until,
        coalesce(readings, 0) > 0 AS has_readings,
        power_w,
        greatest(session_frame.last_received_at, edges.last_received_at) AS last_received_at
    FROM session_frame
    LEFT JOIN edges USING (session_id)
)
SELECT
    * EXCLUDE (end_register_wh),
    -- A whole Wh that was rounded up is no register that fell.
    CASE WHEN begin_register_wh - end_register_wh BETWEEN 0 AND 1 THEN begin_register_wh ELSE end_register_wh END
        AS end_register_wh
FROM chosen
