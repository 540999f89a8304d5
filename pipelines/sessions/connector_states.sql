-- What each touched connector was doing when. Offline goes before whatever the station said last.
WITH connections AS (
    SELECT
        station_id, collector_id, seq, happened_at, event, connection_id,
        -- A station that reconnects before its old socket has closed is not offline when that one closes at last.
        last_value(CASE WHEN event = 'opened' THEN (collector_id, connection_id) END IGNORE NULLS) OVER (
            PARTITION BY station_id ORDER BY happened_at, collector_id, seq
        ) AS newest
    FROM all_connections
    SEMI JOIN touched_connectors USING (station_id)
),
marks AS (
    SELECT
        marked.station_id, marked.evse_id, marked.connector_id, marked.happened_at AS at_time,
        marked.collector_id, marked.seq, marked.reported_state, marked.error_code, NULL::BOOLEAN AS is_online
    FROM status_marks AS marked
    JOIN touched_connectors USING (station_id, evse_id, connector_id)
    WHERE marked.happened_at >= marks_from
    UNION ALL
    SELECT station_id, evse_id, connector_id, happened_at, collector_id, seq, NULL, NULL, event = 'opened'
    FROM connections
    JOIN touched_connectors USING (station_id)
    WHERE (event = 'opened' OR newest IS NULL OR newest = (collector_id, connection_id))
      AND (seed_at IS NULL OR happened_at >= marks_from)
    UNION ALL
    SELECT
        station_id, evse_id, connector_id, from_at, collector_id, seq,
        reported_state, coalesce(error_code, ''), state <> 'offline'
    FROM core.connector_states
    JOIN touched_connectors USING (station_id, evse_id, connector_id)
    WHERE from_at = seed_at
),
known AS (
    SELECT
        station_id, evse_id, connector_id, at_time, collector_id, seq,
        last_value(reported_state IGNORE NULLS) OVER told AS reported_state,
        -- An empty code stands for none: NULL would let an older one through.
        last_value(CASE WHEN reported_state IS NOT NULL THEN coalesce(error_code, '') END IGNORE NULLS) OVER told
            AS error_code,
        coalesce(last_value(is_online IGNORE NULLS) OVER told, true) AS is_online
    FROM marks
    WINDOW told AS (PARTITION BY station_id, evse_id, connector_id ORDER BY at_time, collector_id, seq)
),
instants AS (
    -- Of several marks of one instant the last one counts: the others lasted no time. Told twice, the first is the proof.
    SELECT
        * REPLACE (first_value(seq) OVER (
            PARTITION BY station_id, evse_id, connector_id, at_time, collector_id, reported_state, error_code, is_online
            ORDER BY seq
        ) AS seq)
    FROM known
    WHERE reported_state IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY station_id, evse_id, connector_id, at_time ORDER BY collector_id DESC, known.seq DESC
    ) = 1
),
states AS (
    SELECT
        *,
        CASE WHEN is_online THEN reported_state ELSE 'offline' END AS state,
        -- While it is offline nobody sees what it reports: that does not split the time.
        CASE WHEN is_online THEN reported_state || '|' || error_code ELSE 'offline' END AS appearance
    FROM instants
),
changes AS (
    SELECT *, lag(appearance) OVER (PARTITION BY station_id, evse_id, connector_id ORDER BY at_time) AS before
    FROM states
),
numbered AS (
    SELECT
        *,
        count(*) FILTER (before IS NULL OR before <> appearance) OVER (
            PARTITION BY station_id, evse_id, connector_id ORDER BY at_time
        ) AS stretch
    FROM changes
),
stretches AS (
    SELECT
        station_id, evse_id, connector_id,
        any_value(state) AS state,
        min(at_time) AS from_at,
        nullif(arg_max(error_code, at_time), '') AS error_code,
        arg_max(reported_state, at_time) AS reported_state,
        arg_min(collector_id, at_time) AS collector_id,
        arg_min(seq, at_time) AS seq
    FROM numbered
    GROUP BY station_id, evse_id, connector_id, stretch
)
SELECT
    *,
    lead(from_at) OVER (PARTITION BY station_id, evse_id, connector_id ORDER BY from_at) AS to_at
FROM stretches
