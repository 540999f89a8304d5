-- Transactions that something new says anything about: an event, a reading, the start behind an answer, the clock of
-- their connection, their station in the registry, time itself. What may be touched along with them: `touched_unsettled`,
-- `touched_linked`.
WITH known AS MATERIALIZED (
    -- Read once for all that is asked of it below.
    SELECT
        station_id, transaction_id, evse_id, started_at, ended_at, unplugged_at, state, last_received_at,
        list_contains(flags, 'closed_by_next_start') AS is_closed_by_next
    FROM core.sessions
    WHERE transaction_id IS NOT NULL
      AND (state = 'active' OR station_id IN (SELECT station_id FROM touched_stations))
),
told AS (
    SELECT station_id, transaction_id FROM news_events WHERE transaction_id IS NOT NULL
    UNION
    SELECT station_id, transaction_id FROM news_readings WHERE transaction_id IS NOT NULL
),
started AS (
    -- A 1.6 start does not know its transaction; the answer may have landed before it.
    SELECT answer.station_id, answer.transaction_id
    FROM news_events AS start
    JOIN all_transaction_events AS answer USING (collector_id, station_id, message_id)
    WHERE start.event = 'started' AND start.transaction_id IS NULL
      AND answer.event = 'answer' AND answer.transaction_id IS NOT NULL
      AND answer.received_at >= $answers_since
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
overdue AS (
    -- Time alone ends a session that nobody stops.
    SELECT station_id, transaction_id
    FROM known
    WHERE state = 'active' AND last_received_at < $known_until - INTERVAL 24 HOUR
),
loosely_read AS (
    -- Readings that name no transaction: whoever charged there then.
    SELECT known.station_id, known.transaction_id
    FROM known
    JOIN (
        SELECT * FROM news_readings WHERE transaction_id IS NULL AND evse_id IS NOT NULL
    ) AS loose ON loose.station_id = known.station_id AND loose.evse_id = known.evse_id
    WHERE known.started_at <= loose.until_at AND coalesce(known.ended_at, 'infinity') >= loose.from_at
),
changed_states AS (
    SELECT station_id, evse_id, min(from_at) AS from_at FROM news_states GROUP BY station_id, evse_id
),
unplugged AS (
    -- The connector's state after the end tells when the vehicle left: the session before the change, and all after it.
    SELECT known.station_id, known.transaction_id
    FROM known
    JOIN changed_states USING (station_id, evse_id)
    WHERE known.ended_at >= changed_states.from_at
    UNION ALL
    SELECT ended.station_id, ended.transaction_id
    FROM changed_states
    ASOF JOIN (SELECT * FROM known WHERE ended_at IS NOT NULL) AS ended
        ON ended.station_id = changed_states.station_id
        AND ended.evse_id = changed_states.evse_id
        AND changed_states.from_at >= ended.ended_at
    UNION ALL
    -- What begins between the end and the leaving tells that it was another vehicle that left.
    SELECT known.station_id, known.transaction_id
    FROM known
    JOIN (SELECT * FROM news_events WHERE event = 'started') AS start
        ON start.station_id = known.station_id AND start.evse_id = known.evse_id
        AND start.event_at >= known.ended_at AND start.event_at < known.unplugged_at
),
repeated AS (
    -- A start that is said again may stay without an answer.
    SELECT known.station_id, known.transaction_id
    FROM known
    SEMI JOIN (SELECT * FROM news_events WHERE event = 'started') AS start
        ON start.station_id = known.station_id
        AND start.evse_id = known.evse_id
        AND second_of(start.event_at) = second_of(known.started_at)
),
followers AS (
    -- What goes on under the id of a session that the next start has closed is the next one's.
    SELECT next.station_id, next.transaction_id
    FROM (
        SELECT station_id, evse_id, ended_at
        FROM known
        SEMI JOIN told USING (station_id, transaction_id)
        WHERE is_closed_by_next
    ) AS closed
    ASOF JOIN known AS next
        ON next.station_id = closed.station_id AND next.evse_id = closed.evse_id AND closed.ended_at <= next.started_at
)
SELECT station_id, transaction_id FROM told
UNION SELECT station_id, transaction_id FROM started
UNION SELECT station_id, transaction_id FROM connected
UNION SELECT station_id, transaction_id FROM registered
UNION SELECT station_id, transaction_id FROM overdue
UNION SELECT station_id, transaction_id FROM loosely_read
UNION SELECT station_id, transaction_id FROM unplugged
UNION SELECT station_id, transaction_id FROM followers
UNION SELECT station_id, transaction_id FROM repeated
