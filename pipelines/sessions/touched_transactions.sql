-- Transactions that something new says anything about: an event, a reading, the start behind an answer, the clock of
-- their connection, their station in the registry; and sessions that are not settled and may be by what is new.
WITH told AS (
    SELECT station_id, transaction_id FROM changed_transaction_events WHERE transaction_id IS NOT NULL
    UNION
    SELECT station_id, transaction_id FROM changed_readings WHERE transaction_id IS NOT NULL
),
started AS (
    -- A 1.6 start does not know its transaction; the answer may have landed before it.
    SELECT answer.station_id, answer.transaction_id
    FROM changed_transaction_events AS start
    JOIN all_transaction_events AS answer USING (collector_id, station_id, message_id)
    WHERE start.event = 'started' AND start.transaction_id IS NULL
      AND answer.event = 'answer' AND answer.transaction_id IS NOT NULL
),
connected AS (
    -- Only a replay's connection changes what is said of its sessions.
    SELECT event.station_id, event.transaction_id
    FROM changed_connections AS connection
    JOIN all_transaction_events AS event USING (collector_id, connection_id)
    WHERE connection.clock = 'replay' AND connection.event = 'opened' AND event.transaction_id IS NOT NULL
),
registered AS (
    SELECT event.station_id, event.transaction_id
    FROM all_transaction_events AS event
    SEMI JOIN touched_registry USING (station_id)
    WHERE event.transaction_id IS NOT NULL
),
unsettled AS (
    SELECT station_id, transaction_id
    FROM core.sessions
    LEFT JOIN touched_stations USING (station_id)
    WHERE transaction_id IS NOT NULL
      AND (
          -- Time alone ends a session that nobody stops.
          state = 'active' AND last_received_at < $known_until - INTERVAL 24 HOUR
          OR touched_stations.station_id IS NOT NULL AND (state <> 'completed' OR list_has_any(flags, $unsettled))
      )
),
loosely_read AS (
    -- Readings that name no transaction: whoever charged there then.
    SELECT sessions.station_id, sessions.transaction_id
    FROM core.sessions
    JOIN (
        SELECT station_id, evse_id, min(measured_at) AS from_at, max(measured_at) AS until_at
        FROM changed_readings
        WHERE transaction_id IS NULL AND evse_id IS NOT NULL
        GROUP BY ALL
    ) AS loose ON loose.station_id = sessions.station_id AND loose.evse_id = sessions.evse_id
    WHERE sessions.transaction_id IS NOT NULL
      AND sessions.started_at <= loose.until_at
      AND coalesce(sessions.ended_at, 'infinity') >= loose.from_at
),
changed_states AS (
    -- A connector's states are told anew from before the news on: what went and came back as it was has not changed.
    SELECT station_id, evse_id, min(from_at) AS from_at
    FROM (
        SELECT station_id, evse_id, from_at
        FROM changed_connector_states
        GROUP BY station_id, evse_id, connector_id, from_at, reported_state
        HAVING count(*) % 2 = 1
    )
    GROUP BY station_id, evse_id
),
unplugged AS (
    -- The connector's state after the end tells when the vehicle left: the session before the change, and all after it.
    SELECT sessions.station_id, sessions.transaction_id
    FROM core.sessions
    JOIN changed_states USING (station_id, evse_id)
    WHERE sessions.transaction_id IS NOT NULL AND sessions.ended_at >= changed_states.from_at
    UNION ALL
    SELECT sessions.station_id, sessions.transaction_id
    FROM changed_states
    ASOF JOIN (SELECT * FROM core.sessions WHERE transaction_id IS NOT NULL AND ended_at IS NOT NULL) AS sessions
        ON sessions.station_id = changed_states.station_id
        AND sessions.evse_id = changed_states.evse_id
        AND changed_states.from_at >= sessions.ended_at
    UNION ALL
    -- What begins between the end and the leaving tells that it was another vehicle that left.
    SELECT sessions.station_id, sessions.transaction_id
    FROM core.sessions
    JOIN (SELECT * FROM changed_transaction_events WHERE event = 'started') AS start
        ON start.station_id = sessions.station_id AND start.evse_id = sessions.evse_id
        AND start.event_at >= sessions.ended_at AND start.event_at < sessions.unplugged_at
    WHERE sessions.transaction_id IS NOT NULL
),
repeated AS (
    -- A start that is said again may stay without an answer.
    SELECT sessions.station_id, sessions.transaction_id
    FROM core.sessions
    SEMI JOIN (SELECT * FROM changed_transaction_events WHERE event = 'started') AS start
        ON start.station_id = sessions.station_id
        AND start.evse_id = sessions.evse_id
        AND date_trunc('second', start.event_at) = date_trunc('second', sessions.started_at)
    WHERE sessions.transaction_id IS NOT NULL
),
known_events AS (
    SELECT known.session_id, event.station_id, event.transaction_id
    FROM core.session_events AS known
    SEMI JOIN touched_stations USING (station_id)
    JOIN all_transaction_events AS event USING (collector_id, seq)
    WHERE event.transaction_id IS NOT NULL
),
linked AS (
    -- A session may hold events under several ids: what touches one touches all.
    SELECT other.station_id, other.transaction_id
    FROM known_events AS touched
    JOIN known_events AS other USING (session_id)
    SEMI JOIN (SELECT * FROM told UNION SELECT * FROM unsettled) AS known
        ON known.station_id = touched.station_id AND known.transaction_id = touched.transaction_id
),
linked_sessions AS (
    SELECT sessions.station_id, sessions.transaction_id
    FROM core.sessions
    JOIN known_events USING (session_id)
    SEMI JOIN linked ON linked.station_id = known_events.station_id AND linked.transaction_id = known_events.transaction_id
    WHERE sessions.transaction_id IS NOT NULL
),
taken_stops AS (
    SELECT known_events.station_id, known_events.transaction_id
    FROM known_events
    JOIN core.sessions USING (session_id)
    SEMI JOIN unsettled ON unsettled.station_id = sessions.station_id
        AND unsettled.transaction_id = sessions.transaction_id
),
followers AS (
    -- What goes on under the id of a session that the next start has closed is the next one's.
    SELECT next.station_id, next.transaction_id
    FROM (
        SELECT station_id, evse_id, ended_at
        FROM core.sessions
        SEMI JOIN told USING (station_id, transaction_id)
        WHERE list_contains(flags, 'closed_by_next_start')
    ) AS closed
    ASOF JOIN (SELECT * FROM core.sessions WHERE transaction_id IS NOT NULL) AS next
        ON next.station_id = closed.station_id AND next.evse_id = closed.evse_id AND closed.ended_at <= next.started_at
)
SELECT station_id, transaction_id FROM told
UNION SELECT station_id, transaction_id FROM started
UNION SELECT station_id, transaction_id FROM connected
UNION SELECT station_id, transaction_id FROM registered
UNION SELECT station_id, transaction_id FROM unsettled
UNION SELECT station_id, transaction_id FROM loosely_read
UNION SELECT station_id, transaction_id FROM unplugged
UNION SELECT station_id, transaction_id FROM followers
UNION SELECT station_id, transaction_id FROM linked
UNION SELECT station_id, transaction_id FROM linked_sessions
UNION SELECT station_id, transaction_id FROM taken_stops
UNION SELECT station_id, transaction_id FROM repeated
