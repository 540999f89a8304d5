-- A fault for each gap, with the frames of the stop before and the start after it.
WITH frames AS (
    SELECT gap.session_before, event.collector_id, event.seq
    FROM register_gap_rows AS gap
    JOIN all_sessions AS session ON session.session_id = gap.session_before
    JOIN all_transaction_events AS event
        ON event.station_id = session.station_id AND event.transaction_id = session.transaction_id
        AND event.event = 'ended'
    UNION
    -- A 1.6 start does not know its transaction, its answer does.
    SELECT gap.session_before, start.collector_id, start.seq
    FROM register_gap_rows AS gap
    JOIN all_sessions AS session ON session.session_id = gap.session_after
    JOIN all_transaction_events AS known
        ON known.station_id = session.station_id AND known.transaction_id = session.transaction_id
        AND known.event IN ('answer', 'started')
    JOIN all_transaction_events AS start
        ON start.station_id = known.station_id AND start.collector_id = known.collector_id
        AND start.message_id = known.message_id AND start.event = 'started' AND start.seq <= known.seq
    QUALIFY row_number() OVER (PARTITION BY gap.session_before, known.collector_id, known.seq ORDER BY start.seq DESC) = 1
),
proofs AS (
    SELECT session_before, list(json_array(collector_id, seq) ORDER BY collector_id, seq)[:10] AS frames
    FROM frames
    GROUP BY session_before
)
SELECT
    md5(concat_ws('|', 'register_gap', session_before, session_after)) AS fault_id,
    'register_gap' AS kind,
    station_id,
    NULL::VARCHAR AS session_id,
    CAST(to_json({
        'frames': coalesce(frames, []), 'evse_id': evse_id, 'energy_wh': energy_wh,
        'session_before': session_before, 'session_after': session_after,
        'end_register_wh': end_register_wh, 'begin_register_wh': begin_register_wh
    }) AS VARCHAR) AS evidence,
    from_at AS first_seen_at,
    to_at AS last_seen_at
FROM register_gap_rows
LEFT JOIN proofs USING (session_before)
