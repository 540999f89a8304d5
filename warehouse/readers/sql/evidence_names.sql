-- The names of the frames that a session rests on, and what each is to it: its events and their answers, the readings
-- within its time, what proves a fault.
WITH wanted AS (
    SELECT
        session_id, station_id, evse_id, transaction_id, last_received_at,
        -- Events and readings bear the station's own time; a minute for clocks that step while a frame is made.
        started_at + to_seconds(coalesce(clock_offset_seconds, 0)) - INTERVAL 1 MINUTE AS from_at,
        coalesce(ended_at, last_received_at) + to_seconds(coalesce(clock_offset_seconds, 0)) + INTERVAL 1 MINUTE
            AS to_at,
        started_at - INTERVAL 1 MINUTE AS received_from
    FROM core.sessions
    WHERE session_id = $session_id
),
said AS (
    SELECT event.*
    FROM core.transaction_events AS event
    JOIN wanted USING (station_id)
    WHERE event.transaction_id = wanted.transaction_id OR event.event = 'started'
),
answers AS (
    -- A 1.6 start does not know its transaction; its answer does.
    SELECT
        start.collector_id, start.seq AS start_seq, answer.seq AS answer_seq, start.event_at, start.received_at,
        answer.received_at AS answered_at
    FROM said AS start
    JOIN said AS answer
        ON answer.collector_id = start.collector_id
        AND answer.message_id = start.message_id
        AND answer.connection_id IS NOT DISTINCT FROM start.connection_id
        AND answer.received_at >= start.received_at
    JOIN wanted ON answer.transaction_id = wanted.transaction_id
    WHERE start.event = 'started' AND start.transaction_id IS NULL AND answer.event = 'answer'
    -- Message ids are used again: the first answer after the call is its own.
    QUALIFY row_number() OVER (PARTITION BY start.collector_id, start.seq ORDER BY answer.received_at, answer.seq) = 1
),
by_id AS (
    SELECT collector_id, start_seq AS seq, 'start' AS role, event_at AS told_at, received_at FROM answers
    UNION ALL
    SELECT collector_id, answer_seq, 'answer', event_at, answered_at FROM answers
    UNION ALL
    SELECT
        said.collector_id, seq,
        CASE event WHEN 'started' THEN 'start' WHEN 'updated' THEN 'update' WHEN 'ended' THEN 'stop' ELSE event END,
        event_at,
        received_at
    FROM said
    JOIN wanted ON said.transaction_id = wanted.transaction_id
    WHERE event <> 'answer'
),
within AS (
    SELECT by_id.collector_id, seq, role, told_at, received_at
    FROM by_id, wanted
    -- What tells no time of its own is placed by its receipt.
    WHERE (told_at BETWEEN from_at AND to_at
           OR (told_at IS NULL AND received_at BETWEEN received_from AND last_received_at + INTERVAL 1 MINUTE))
),
of_others AS (
    SELECT collector_id, seq
    FROM core.session_events
    JOIN wanted USING (station_id)
    WHERE session_events.session_id <> wanted.session_id
),
events AS (
    SELECT within.*
    FROM within
    ANTI JOIN of_others USING (collector_id, seq)
    UNION ALL
    SELECT collector_id, seq, role, NULL, NULL
    FROM core.session_events
    JOIN wanted USING (station_id, session_id)
),
readings AS (
    SELECT collector_id, seq, 'reading' AS role, min(measured_at) AS told_at, min(received_at) AS received_at
    FROM core.meter_values AS meter_value
    JOIN wanted USING (station_id)
    ANTI JOIN of_others USING (collector_id, seq)
    WHERE measured_at BETWEEN from_at AND to_at
        -- One id may stand on two connectors at a time; a reading without one is its connector's.
        AND ((meter_value.transaction_id = wanted.transaction_id
              AND coalesce(meter_value.evse_id, wanted.evse_id) IS NOT DISTINCT FROM wanted.evse_id)
             OR (coalesce(meter_value.transaction_id, '0') IN ('0', '-1', '') AND meter_value.evse_id = wanted.evse_id))
    GROUP BY collector_id, seq
),
proofs AS (
    SELECT pair[1] AS collector_id, try_cast(pair[2] AS BIGINT) AS seq, list(DISTINCT kind ORDER BY kind) AS proves
    FROM (
        SELECT kind, unnest(from_json(CAST(evidence AS JSON) -> '$.frames', '[["VARCHAR"]]')) AS pair
        FROM ops.faults
        WHERE session_id = $session_id
    )
    GROUP BY ALL
),
named AS (
    SELECT
        collector_id,
        seq,
        -- An event says more of a frame than that it holds readings; what session_events says goes before.
        arg_min(role, (role = 'fault', role = 'reading', received_at IS NOT NULL)) AS role,
        arg_min(told_at, (told_at IS NULL, role = 'reading')) AS told_at
    FROM (
        SELECT * FROM events
        UNION ALL
        SELECT * FROM readings
        UNION ALL
        SELECT collector_id, seq, 'fault', NULL, NULL FROM proofs
    )
    GROUP BY collector_id, seq
)
SELECT wanted.station_id, named.collector_id, named.seq, named.role, coalesce(proofs.proves, []) AS proves, named.told_at
FROM named
CROSS JOIN wanted
LEFT JOIN proofs USING (collector_id, seq)
