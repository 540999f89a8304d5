-- What is wrong with each doubtful session, by the names of the faults, with the frames that prove it.
WITH start_frames AS (
    SELECT no, collector_id, seq FROM own_starts
    UNION ALL
    SELECT no, collector_id, answer_seq FROM own_starts WHERE answer_seq IS NOT NULL
),
stop_frames AS (
    SELECT no, collector_id, seq FROM own_events WHERE event = 'ended'
),
last_frames AS (
    SELECT no, collector_id, seq FROM dated
    QUALIFY row_number() OVER (PARTITION BY no ORDER BY true_at DESC, collector_id, seq) = 1
),
first_frames AS (
    SELECT no, collector_id, seq FROM dated
    QUALIFY row_number() OVER (PARTITION BY no ORDER BY true_at, collector_id, seq) = 1
),
measured AS (
    SELECT edges.*, energies.energy_wh, energies.registers_between, energies.energy_source IN ('registers', 'periodic_registers') AS by_registers,
           power.energy_wh AS power_energy_wh, power.power_w
    FROM edges
    JOIN energies USING (no)
    LEFT JOIN power USING (no)
),
charging AS (
    -- The station says that it charges: by the transaction's own state (2.x), or by its connector's status.
    SELECT no, collector_id, seq FROM own_events WHERE charging_state = 'Charging'
    UNION ALL
    SELECT measured.no, start.collector_id, start.seq
    FROM measured
    JOIN held USING (no)
    JOIN all_connector_states AS state
        ON state.station_id = held.station_id AND state.evse_id = held.evse_id AND state.reported_state = 'charging'
        AND state.from_at < coalesce(measured.until_at, 'infinity') AND coalesce(state.to_at, 'infinity') > measured.started_at
    JOIN first_frames AS start ON start.no = measured.no
),
found AS (
    SELECT no, 'implausible_begin_register' AS kind, start_frames.* EXCLUDE (no)
    FROM scales JOIN start_frames USING (no)
    WHERE used = 'without_start'
    UNION
    SELECT no, 'implausible_begin_register', frame.collector_id, frame.seq
    FROM scales JOIN points USING (no)
    WHERE used = 'without_start' AND point_no <= 2
    UNION
    SELECT told_points.no, 'misreading', told_points.frame.collector_id, told_points.frame.seq
    FROM told_points
    JOIN scales USING (no)
    ANTI JOIN points ON points.no = told_points.no AND points.at_time = told_points.at_time
        AND points.edge = told_points.edge AND points.register_wh = told_points.register_wh
    WHERE told_points.edge = 1 AND scales.used IN ('all', 'without_start')
    UNION
    SELECT no, 'mixed_registers', frame.collector_id, frame.seq
    FROM scales JOIN told_points USING (no)
    WHERE used IN ('meter', 'reading')
    UNION
    SELECT no, 'register_decreased', unnest([from_frame, to_frame]).collector_id, unnest([from_frame, to_frame]).seq
    FROM register_steps
    WHERE falls
    UNION
    SELECT no, 'implausible_power', unnest([from_frame, to_frame]).collector_id, unnest([from_frame, to_frame]).seq
    FROM register_steps
    WHERE is_implausible
    UNION
    SELECT no, 'conflicting_stop', collector_id, seq FROM stops WHERE is_conflicting AND register_wh IS NOT NULL
    UNION
    SELECT no, 'late_data', dated.collector_id, dated.seq
    FROM dated JOIN stops USING (no) JOIN edges USING (no)
    WHERE stops.choice = 1 AND dated.kind IN ('sample', 'updated', 'start')
      AND dated.received_at > stops.first_received_at + INTERVAL 1 MINUTE AND dated.true_at < edges.stopped_at
    UNION
    SELECT no, 'tail_readings', dated.collector_id, dated.seq
    FROM dated JOIN edges USING (no)
    WHERE dated.kind = 'sample' AND edges.stopped_at IS NOT NULL
      AND dated.true_at > greatest(edges.stopped_at, edges.started_at) + INTERVAL 1 MINUTE
      AND NOT EXISTS (SELECT 1 FROM stop_frames AS stop
                      WHERE stop.no = dated.no AND stop.collector_id = dated.collector_id AND stop.seq = dated.seq)
    UNION
    SELECT held.no, 'reused_transaction_id', own_starts.collector_id, own_starts.seq
    FROM held
    JOIN held AS same USING (station_id, transaction_id)
    JOIN own_starts ON own_starts.no = same.no
    WHERE held.is_reused
    UNION
    SELECT no, 'matched_without_id', collector_id, seq FROM own_events WHERE without_id
    UNION
    SELECT held.no, 'matched_without_id', start_frames.collector_id, start_frames.seq
    FROM held JOIN start_frames USING (no)
    WHERE held.without_id
    UNION
    SELECT held.no, 'missing_start', first_frames.collector_id, first_frames.seq
    FROM held JOIN first_frames USING (no)
    WHERE NOT has_start
    UNION
    SELECT no, 'closed_by_next_start', next_start_frame.collector_id, next_start_frame.seq
    FROM spans JOIN held USING (no)
    WHERE closed_by_next_start
    UNION
    SELECT no, 'closed_by_next_start', first_frames.collector_id, first_frames.seq
    FROM spans JOIN first_frames USING (no)
    WHERE closed_by_next_start
    UNION
    SELECT no, 'closed_by_next_start', last_frames.collector_id, last_frames.seq
    FROM spans JOIN last_frames USING (no)
    WHERE closed_by_next_start
    UNION
    SELECT no, 'inferred_end', last_frames.collector_id, last_frames.seq
    FROM spans JOIN last_frames USING (no)
    WHERE end_is_inferred
    UNION
    SELECT no, 'inferred_end', shown_by.collector_id, shown_by.seq
    FROM spans
    WHERE end_is_inferred AND shown_by.collector_id IS NOT NULL
    UNION
    SELECT no, 'missing_events', own_events.collector_id, own_events.seq
    FROM spans JOIN own_events USING (no)
    WHERE misses_events
    UNION
    SELECT no, 'missing_events', own_starts.collector_id, own_starts.seq
    FROM spans JOIN own_starts USING (no)
    WHERE misses_events
    UNION
    SELECT no, 'missing_end_register', stop_frames.collector_id, stop_frames.seq
    FROM measured JOIN stop_frames USING (no)
    WHERE meter_stop_wh IS NULL AND end_wh IS NULL AND by_registers
    UNION
    SELECT no, 'clock_unset', dated.collector_id, dated.seq
    FROM dated JOIN clocks USING (no)
    WHERE is_unset AND (told_at < dated.received_at - to_hours(180 * 24) OR told_at > dated.received_at + INTERVAL 24 HOUR)
    UNION
    SELECT no, 'clock_skew', dated.collector_id, dated.seq
    FROM dated JOIN clocks USING (no)
    WHERE is_skewed AND NOT is_unset AND (skew_ms IS NOT NULL OR told_at > dated.received_at + INTERVAL 5 MINUTE)
    UNION
    SELECT no, 'schema_error', collector_id, seq FROM own_events WHERE breaks_schema
    UNION
    SELECT no, 'schema_error', collector_id, seq FROM own_starts WHERE breaks_schema
    UNION
    SELECT no, 'schema_error', collector_id, seq FROM samples WHERE breaks_schema OR value IS NULL
    UNION
    SELECT measured.no, 'zero_readings', charging.collector_id, charging.seq
    FROM measured JOIN charging USING (no)
    WHERE energy_wh = 0 AND registers_between > 0 AND coalesce(power_w, 0) = 0
    UNION
    SELECT measured.no, 'zero_readings', samples.collector_id, samples.seq
    FROM measured JOIN samples USING (no)
    WHERE energy_wh = 0 AND registers_between > 0 AND coalesce(power_w, 0) = 0 AND no IN (SELECT no FROM charging)
    UNION
    SELECT measured.no, 'unit_mismatch', frame.collector_id, frame.seq
    FROM measured JOIN told_points USING (no)
    WHERE energy_wh > 0 AND (power_energy_wh / CAST(energy_wh AS DOUBLE) BETWEEN 300 AND 3000
                             OR CAST(energy_wh AS DOUBLE) / nullif(power_energy_wh, 0) BETWEEN 300 AND 3000)
    UNION
    SELECT no, 'integrated_power', samples.collector_id, samples.seq
    FROM energies JOIN samples USING (no)
    WHERE energy_source = 'power'
)
SELECT
    no,
    kind,
    -- Ten frames prove it as well as a thousand.
    list(json_array(collector_id, seq) ORDER BY collector_id, seq)[:10] AS frames
FROM found
GROUP BY no, kind
