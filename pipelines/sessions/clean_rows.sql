-- Sessions of the clean transactions.
SELECT
    md5(concat_ws('|', station_id, transaction_id, epoch_us(started_at))) AS session_id,
    no AS row_no,
    station_id, evse_id, connector_id, transaction_id, external_session_id, id_token,
    started_at, ended_at, 'completed' AS state, ended_at AS known_until,
    energy_wh,
    CASE WHEN both_edges THEN 'registers' ELSE 'periodic_registers' END AS energy_source,
    begin_register_wh, end_register_wh,
    CASE WHEN readings IS NOT NULL THEN CAST(round(charging_ms / 1000) AS BIGINT) END AS charging_seconds,
    greatest(
        step_power_w,
        CASE WHEN first_step_ms >= 60000 THEN 3600000 * CAST(first_step_wh AS DOUBLE) / first_step_ms END,
        CASE WHEN last_step_ms >= 60000 THEN 3600000 * CAST(last_step_wh AS DOUBLE) / last_step_ms END,
        CASE WHEN readings IS NULL AND duration_ms >= 60000 THEN 3600000 * CAST(energy_wh AS DOUBLE) / duration_ms END,
        power_w
    ) AS max_power_w,
    rated_power_w,
    stop_reason,
    NULL::BIGINT AS clock_offset_seconds,
    coalesce(readings, power_readings, 0) AS readings,
    []::VARCHAR[] AS faults,
    CASE WHEN connection_id IS NULL THEN 'import' WHEN replayed.collector_id IS NOT NULL THEN 'replay' ELSE 'live' END
        AS origin,
    newest_received_at AS last_received_at
FROM plain_sessions
LEFT JOIN replayed USING (collector_id, connection_id)
WHERE is_clean
