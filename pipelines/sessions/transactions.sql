-- One row a touched transaction, as all its events agree. `is_plain` where nothing in them is odd: one start, one stop
-- after it, clocks that fit, all numbers there. Whoever stops it may be another person of the same group.
WITH grouped AS (
    SELECT
        station_id,
        transaction_id,
        min(ocpp_version) AS ocpp_version,
        min(evse_id) AS evse_id,
        min(connector_id) AS connector_id,
        min(id_token) FILTER (event = 'started') AS id_token,
        min(external_session_id) AS external_session_id,
        min(event_at) FILTER (event = 'started') AS started_at,
        min(event_at) FILTER (event = 'ended') AS ended_at,
        min(register_wh) FILTER (event = 'started') AS meter_start_wh,
        min(register_wh) FILTER (event = 'ended') AS meter_stop_wh,
        min(stop_reason) FILTER (event = 'ended') AS stop_reason,
        min(collector_id) FILTER (event = 'started') AS collector_id,
        min(connection_id) FILTER (event = 'started') AS connection_id,
        min(received_at) AS first_received_at,
        max(received_at) AS last_received_at,
        count(*) FILTER (event = 'started') AS starts,
        count(*) FILTER (event = 'ended') AS stops,
        min(received_at) FILTER (event = 'ended') AS stop_received_at,
        -- One value where all agree, else two.
        bool_and(event_at IS NOT NULL) AS is_dated,
        coalesce(min(evse_id) = max(evse_id), true) AND coalesce(min(connector_id) = max(connector_id), true)
            AS one_connector,
        min(event_at) FILTER (event = 'started') = max(event_at) FILTER (event = 'started')
            AND coalesce(min(id_token) FILTER (event = 'started') = max(id_token) FILTER (event = 'started'), true)
            AND coalesce(min(register_wh) FILTER (event = 'started') = max(register_wh) FILTER (event = 'started'), true)
            AND min(collector_id) FILTER (event = 'started') = max(collector_id) FILTER (event = 'started')
            AND coalesce(min(connection_id) FILTER (event = 'started') = max(connection_id) FILTER (event = 'started'), true)
            AS one_start,
        min(event_at) FILTER (event = 'ended') = max(event_at) FILTER (event = 'ended')
            AND coalesce(min(register_wh) FILTER (event = 'ended') = max(register_wh) FILTER (event = 'ended'), true)
            AND coalesce(min(stop_reason) FILTER (event = 'ended') = max(stop_reason) FILTER (event = 'ended'), true)
            AS one_stop,
        max(epoch_ms(event_at) - epoch_ms(received_at)) BETWEEN -300000 AND 300000
            AND min(event_at) >= TIMESTAMPTZ '2010-01-01 00:00:00+00' AS clock_fits,
        has_gap(seq_no) AS has_gap,
        coalesce(bool_or(breaks_schema), false) AS breaks_schema
    FROM events
    WHERE transaction_id IS NOT NULL
    GROUP BY station_id, transaction_id
)
SELECT
    *,
    coalesce(
        one_start AND one_stop AND one_connector AND is_dated AND clock_fits AND NOT has_gap AND NOT breaks_schema
        AND ended_at >= started_at
        AND (ocpp_version <> '1.6' OR meter_start_wh IS NOT NULL AND meter_stop_wh >= meter_start_wh)
        AND overridden_stations.station_id IS NULL
        -- The same start under two ids is one session.
        AND count(*) OVER (PARTITION BY station_id, evse_id, id_token, meter_start_wh, started_at) = 1,
        false
    ) AS is_plain
FROM grouped
LEFT JOIN overridden_stations USING (station_id)
