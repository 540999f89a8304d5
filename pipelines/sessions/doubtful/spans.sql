-- From when to when each doubtful session lasted, and what ended it. Without a stop it ends at its last evidence as soon
-- as the next start on its connector (9), the connector's being available, a boot, or 24 hours without a word (23) show
-- that it is over.
WITH numbers AS (
    SELECT no, has_gap(seq_no) AS has_gap
    FROM (
        SELECT no, seq_no FROM own_events
        UNION ALL
        SELECT own_starts.no, event.seq_no FROM own_starts JOIN doubtful_events AS event USING (collector_id, seq)
    )
    GROUP BY no
),
heard AS (
    SELECT
        dated.no,
        min(true_at) AS first_at,
        min(true_at) FILTER (kind = 'start') AS started_at,
        max(dated.received_at) AS last_received_at,
        max(true_at) AS last_at,
        max(true_at) FILTER (held.next_start_at IS NULL OR true_at < held.next_start_at OR kind = 'start') AS last_before_next_at
    FROM dated
    JOIN held USING (no)
    GROUP BY dated.no
),
begun AS (
    SELECT
        held.no, held.station_id, held.evse_id, held.ocpp_version, held.next_start_at, held.has_start,
        heard.last_received_at,
        coalesce(heard.started_at, heard.first_at, held.happened_at) AS started_at,
        stops.true_at AS stopped_at,
        coalesce(numbers.has_gap, false) AS has_gap,
        coalesce(heard.last_at, held.happened_at) AS last_at,
        coalesce(heard.last_before_next_at, held.happened_at) AS last_before_next_at,
        heard.last_received_at < $known_until - INTERVAL 24 HOUR AS is_silent
    FROM held
    LEFT JOIN heard USING (no)
    LEFT JOIN stops ON stops.no = held.no AND stops.choice = 1
    LEFT JOIN numbers ON numbers.no = held.no
),
freed AS (
    -- The connector became available after the last evidence.
    SELECT begun.no, arg_min({'collector_id': state.collector_id, 'seq': state.seq}, state.from_at) AS frame
    FROM begun
    JOIN all_connector_states AS state
        ON state.station_id = begun.station_id
        AND state.evse_id = begun.evse_id
        AND state.reported_state = 'available'
        AND state.from_at > begun.started_at
        AND state.from_at >= begun.last_at
    WHERE begun.stopped_at IS NULL
    GROUP BY begun.no
),
rebooted AS (
    SELECT begun.no,
           arg_min({'collector_id': boot.collector_id, 'seq': boot.seq}, (boot.received_at, boot.collector_id, boot.seq)) AS frame
    FROM begun
    JOIN all_boots AS boot
        ON boot.station_id = begun.station_id AND boot.received_at > begun.last_received_at
    WHERE begun.stopped_at IS NULL
    GROUP BY begun.no
),
shown AS (
    SELECT
        begun.*,
        stopped_at IS NOT NULL AND has_gap AND NOT is_silent AS waits_for_events,
        stopped_at IS NULL AND next_start_at IS NOT NULL
            AND (ocpp_version = '1.6' OR last_at < next_start_at) AS is_followed,
        freed.no IS NOT NULL AS is_freed,
        rebooted.no IS NOT NULL AS is_rebooted,
        coalesce(freed.frame, rebooted.frame) AS shown_by
    FROM begun
    LEFT JOIN freed USING (no)
    LEFT JOIN rebooted USING (no)
)
SELECT
    no, started_at, stopped_at, last_received_at,
    CASE
        WHEN waits_for_events THEN NULL
        WHEN stopped_at IS NOT NULL THEN stopped_at
        WHEN is_followed THEN greatest(last_before_next_at, started_at)
        WHEN is_freed OR is_rebooted OR is_silent THEN greatest(last_at, started_at)
    END AS ended_at,
    CASE
        WHEN waits_for_events THEN 'active'
        WHEN stopped_at IS NOT NULL THEN 'completed'
        WHEN is_followed OR is_freed OR is_rebooted OR is_silent THEN 'inferred_end'
        ELSE 'active'
    END AS state,
    is_followed AND NOT is_freed_before AS closed_by_next_start,
    shown_by,
    stopped_at IS NULL AND (is_freed_before OR NOT is_followed AND (is_freed OR is_rebooted OR is_silent)) AS end_is_inferred,
    stopped_at IS NOT NULL AND has_gap AND is_silent AS misses_events
FROM (
    SELECT
        shown.*,
        -- Free before the next start came: the vehicle had left by itself.
        EXISTS (
            SELECT 1 FROM all_connector_states AS state
            WHERE state.station_id = shown.station_id AND state.evse_id = shown.evse_id
              AND state.reported_state = 'available'
              AND state.from_at > shown.started_at AND state.from_at <= shown.next_start_at
              AND state.from_at >= shown.last_before_next_at
        ) AS is_freed_before
    FROM shown
)
