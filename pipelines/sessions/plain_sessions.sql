-- Plain transactions with what they delivered; `is_clean` where every register follows from the one before.
WITH metered AS (
    SELECT
        no,
        min(least_step_wh) AS least_step_wh,
        max(least_power_w) AS least_power_w,
        CAST(max(step_power_w) AS DOUBLE) AS step_power_w,
        sum(charging_ms) AS charging_ms,
        sum(readings) AS readings
    FROM plain_quarters
    GROUP BY no
),
sampled AS (
    SELECT
        no,
        max(power_w) AS power_w,
        CAST(sum(power_sum_w) AS DOUBLE) / nullif(sum(power_readings), 0) AS mean_power_w,
        nullif(sum(power_readings), 0) AS power_readings,
        min(first_at) AS first_at,
        max(last_at) AS last_at,
        -- Where no step is negative.
        min(least_wh) AS first_wh,
        max(greatest_wh) AS last_wh,
        min(begin_wh) AS begin_wh,
        max(end_wh) AS end_wh,
        sum(readings_between) AS readings_between,
        bool_or(has_other_registers) AS has_other_registers,
        bool_or(has_defects) AS has_defects,
        min(least_evse_id) AS least_evse_id,
        max(greatest_evse_id) AS greatest_evse_id,
        max(last_received_at) AS readings_received_at,
        max(last_measured_at) AS last_measured_at
    FROM plain_runs
    GROUP BY no
),
edged AS (
    SELECT
        plain.*,
        metered.* EXCLUDE (no),
        sampled.* EXCLUDE (no, least_evse_id, greatest_evse_id, begin_wh, end_wh),
        coalesce(least_evse_id <> plain.evse_id OR greatest_evse_id <> plain.evse_id, false) AS is_elsewhere,
        greatest(plain.last_received_at, readings_received_at) AS newest_received_at,
        -- OCPP 1.6 sends start and stop in whole Wh: within 1 Wh the reading with decimals is the same register.
        CASE WHEN abs(begin_wh - coalesce(meter_start_wh, begin_wh)) <= 1 THEN begin_wh
             ELSE coalesce(meter_start_wh, first_wh) END AS told_begin_wh,
        CASE WHEN abs(end_wh - coalesce(meter_stop_wh, end_wh)) <= 1 THEN end_wh
             ELSE coalesce(meter_stop_wh, last_wh) END AS told_end_wh,
        coalesce(begin_wh, meter_start_wh) IS NOT NULL AND coalesce(end_wh, meter_stop_wh) IS NOT NULL AS both_edges,
        coalesce(end_wh, meter_stop_wh) IS NOT NULL AS stop_register_is_told,
        1.1 * coalesce(rated_power_w, 1000000) AS most_power_w
    FROM plain_transactions AS plain
    LEFT JOIN metered USING (no)
    LEFT JOIN sampled USING (no)
),
rounded AS (
    -- Where a start was rounded up, or a stop down, the reading beside it is the register: no register falls.
    SELECT
        *,
        CASE WHEN told_begin_wh - first_wh BETWEEN 0 AND 1 THEN first_wh ELSE told_begin_wh END AS begin_register_wh,
        CASE WHEN last_wh - told_end_wh BETWEEN 0 AND 1 THEN last_wh ELSE told_end_wh END AS stop_register_wh
    FROM edged
),
measured AS (
    SELECT
        * EXCLUDE (told_begin_wh, told_end_wh, stop_register_wh),
        CASE WHEN begin_register_wh - stop_register_wh BETWEEN 0 AND 1 THEN begin_register_wh
             ELSE stop_register_wh END AS end_register_wh
    FROM rounded
),
stepped AS (
    SELECT
        *,
        end_register_wh - begin_register_wh AS energy_wh,
        -- Before the first reading and after the last one.
        first_wh - begin_register_wh AS first_step_wh,
        end_register_wh - last_wh AS last_step_wh,
        date_sub('millisecond', started_at, first_at) AS first_step_ms,
        date_sub('millisecond', last_at, ended_at) AS last_step_ms,
        date_sub('millisecond', started_at, ended_at) AS duration_ms
    FROM measured
)
SELECT
    * EXCLUDE (charging_ms),
    coalesce(charging_ms, 0) + CASE WHEN first_step_wh > 0 THEN first_step_ms ELSE 0 END
        + CASE WHEN last_step_wh > 0 THEN last_step_ms ELSE 0 END AS charging_ms,
    coalesce(
        energy_wh >= 0
        AND duration_ms >= 0
        AND CAST(energy_wh AS DOUBLE) <= most_power_w * duration_ms / 3600000 + 100
        AND stop_register_is_told
        -- Readings that name no transaction may be its own.
        AND (loose.no IS NULL OR readings_between > 0)
        AND (readings IS NULL AND ocpp_version = '1.6' AND power_readings IS NULL
             OR readings IS NOT NULL AND energy_wh > 0
                AND coalesce(least_step_wh >= 0, true)
                AND coalesce(CAST(least_power_w AS DOUBLE) <= most_power_w, true)
                AND first_at >= started_at AND last_measured_at <= ended_at
                AND first_step_wh >= 0 AND last_step_wh >= 0
                AND CAST(first_step_wh AS DOUBLE) <= most_power_w * first_step_ms / 3600000 + 100
                AND CAST(last_step_wh AS DOUBLE) <= most_power_w * last_step_ms / 3600000 + 100)
        AND NOT coalesce(has_other_registers OR has_defects OR is_elsewhere, false)
        AND coalesce(readings_received_at <= stop_received_at + INTERVAL 1 MINUTE, true)
        -- Registers and power tell the same, but for what lies between readings.
        AND coalesce(CAST(energy_wh AS DOUBLE) BETWEEN mean_power_w * duration_ms / 3600000 / 30 - 100
                     AND mean_power_w * duration_ms / 3600000 * 30 + 1000, true),
        false
    ) AS is_clean
FROM stepped
LEFT JOIN loosely_read AS loose USING (no)
