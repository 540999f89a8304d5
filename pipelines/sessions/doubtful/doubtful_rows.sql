-- Doubtful sessions with all that the steps before have found.
WITH kinds AS (
    SELECT no, list_sort(list(kind)) AS faults FROM findings GROUP BY no
),
tokens AS (
    SELECT no, arg_min(id_token, place) FILTER (event <> 'ended') AS id_token, arg_min(id_token, place) AS stop_token,
           arg_min(external_session_id, place) AS external_session_id
    FROM own_events
    GROUP BY no
),
read AS (
    SELECT no, max(true_at) AS last_at FROM registers GROUP BY no
)
SELECT
    CASE WHEN NOT held.has_start OR held.transaction_id IS NULL OR held.without_id THEN held.own_id
         ELSE md5(concat_ws('|', held.station_id, held.transaction_id, epoch_us(coalesce(held.event_at, held.happened_at)),
                            -- One id on two connectors at once are two sessions; so are two starts of one moment that
                            -- differ in token or register.
                            CASE WHEN held.is_reused THEN held.evse_id END,
                            CASE WHEN held.is_reused AND place_at_moment > 1 THEN 'start ' || place_at_moment END))
    END AS session_id,
    held.no,
    -held.no AS row_no,
    held.station_id, held.evse_id, held.connector_id, held.transaction_id,
    coalesce(held.external_session_id, tokens.external_session_id) AS external_session_id,
    coalesce(held.id_token, tokens.id_token, CASE WHEN NOT held.has_start THEN tokens.stop_token END) AS id_token,
    spans.started_at, spans.ended_at, spans.state,
    coalesce(spans.ended_at, read.last_at, spans.started_at) AS known_until,
    energies.energy_wh,
    CASE WHEN energies.energy_wh IS NOT NULL THEN energies.energy_source END AS energy_source,
    energies.begin_register_wh, energies.end_register_wh,
    CASE WHEN coalesce(spans.ended_at >= spans.started_at, true)
          AND (read.no IS NOT NULL OR energies.energy_source IN ('intervals', 'power')) AND energies.energy_wh IS NOT NULL
         THEN CAST(round(coalesce(energies.charging_ms, 0) / 1000) AS BIGINT) END AS charging_seconds,
    greatest(energies.step_power_w, power.power_w) AS max_power_w,
    ratings.rated_power_w,
    stops.stop_reason,
    CASE WHEN clocks.skew_ms IS NOT NULL AND clocks.is_skewed OR profiles.clock_offset_seconds IS NOT NULL
         THEN clocks.skew_ms // 1000
         WHEN clocks.is_unset THEN clocks.unset_ms // 1000 END AS clock_offset_seconds,
    energies.readings,
    coalesce(kinds.faults, []) AS faults,
    CASE WHEN held.connection_id IS NULL THEN 'import' WHEN replayed.collector_id IS NOT NULL THEN 'replay' ELSE 'live' END
        AS origin,
    spans.last_received_at
FROM held
JOIN spans USING (no)
JOIN energies USING (no)
LEFT JOIN kinds USING (no)
LEFT JOIN tokens USING (no)
LEFT JOIN read USING (no)
LEFT JOIN power USING (no)
LEFT JOIN ratings USING (no)
LEFT JOIN profiles USING (no)
LEFT JOIN clocks USING (no)
LEFT JOIN stops ON stops.no = held.no AND stops.choice = 1
LEFT JOIN replayed ON replayed.collector_id = held.collector_id AND replayed.connection_id = held.connection_id
-- Without any reading and any stop there was no session, only an id.
WHERE held.has_start OR energies.readings > 0 OR stops.no IS NOT NULL
   OR EXISTS (SELECT 1 FROM own_events WHERE own_events.no = held.no)
