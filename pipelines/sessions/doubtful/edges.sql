-- What each doubtful session says of its register at begin and end: the meter's in start and stop, and readings.
WITH read AS (
    SELECT
        no,
        arg_min(register_wh, true_at) FILTER (kind = 'begin') AS begin_wh,
        arg_min(frame, true_at) FILTER (kind = 'begin') AS begin_frame,
        arg_max(register_wh, true_at) FILTER (kind = 'end') AS end_wh,
        arg_max(frame, true_at) FILTER (kind = 'end') AS end_frame
    FROM registers
    GROUP BY no
)
SELECT
    spans.no,
    spans.started_at,
    spans.stopped_at,
    spans.ended_at,
    coalesce(spans.stopped_at, spans.ended_at) AS until_at,
    1.1 * coalesce(rated_power_w, 1000000) AS most_power_w,
    in_wh(held.register_wh, energy_factor) AS meter_start_wh,
    CASE WHEN held.ocpp_version = '1.6' THEN stops.register_wh END AS meter_stop_wh,
    begin_wh, begin_frame, end_wh, end_frame,
    {'collector_id': start.collector_id, 'seq': start.seq} AS start_frame,
    {'collector_id': stops.collector_id, 'seq': stops.seq} AS stop_frame,
    coalesce(register_behaviour IN ('at_boot', 'per_transaction'), false) AS begins_anew
FROM spans
JOIN held USING (no)
LEFT JOIN read USING (no)
LEFT JOIN ratings USING (no)
LEFT JOIN profiles USING (no)
LEFT JOIN own_starts AS start ON start.no = spans.no AND start.repetition = 1
LEFT JOIN stops ON stops.no = spans.no AND stops.choice = 1
