-- All that is told of the register, in order of time: `edge` 0 the begin, 1 readings between, 2 the end. Where start
-- and stop (whole Wh in 1.6) agree with a reading within 1 Wh, the reading is the same register, and finer. Where they
-- tell none (2.x), the readings of begin and end by their context stand for it.
SELECT no, started_at AS at_time, 0 AS edge, 'meter' AS source, meter_start_wh AS register_wh, start_frame AS frame
FROM edges
WHERE meter_start_wh IS NOT NULL AND coalesce(abs(begin_wh - meter_start_wh) > 1, true)
UNION ALL
SELECT no, started_at, 0, CASE WHEN meter_start_wh IS NULL THEN 'meter' ELSE 'reading' END, begin_wh, begin_frame
FROM edges
WHERE begin_wh IS NOT NULL
UNION ALL
SELECT no, true_at, 1, 'reading', registers.register_wh, frame
FROM registers
JOIN edges USING (no)
WHERE kind = 'reading' AND true_at >= started_at AND true_at <= coalesce(until_at, 'infinity')
UNION ALL
SELECT no, coalesce(greatest(until_at, started_at), started_at), 2,
       CASE WHEN meter_stop_wh IS NULL THEN 'meter' ELSE 'reading' END, end_wh, end_frame
FROM edges
WHERE end_wh IS NOT NULL
UNION ALL
SELECT no, greatest(stopped_at, started_at), 2, 'meter', meter_stop_wh, stop_frame
FROM edges
WHERE meter_stop_wh IS NOT NULL AND coalesce(abs(end_wh - meter_stop_wh) > 1, true)
