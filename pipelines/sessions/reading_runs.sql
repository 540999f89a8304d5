-- One row a transaction of which anything was read: what has just been written of its energy and power.
WITH placed AS (
    SELECT
        *,
        layouts.layout_id IS NOT NULL AS tells,
        samples[register_place] AS register_wh,
        samples[power_place] AS told_power_w
    FROM written_readings
    LEFT JOIN layouts USING (layout_id)
    WHERE transaction_id IS NOT NULL
),
grouped AS (
    SELECT
        station_id,
        transaction_id,
        min(evse_id) FILTER (tells) AS least_evse_id,
        max(evse_id) FILTER (tells) AS greatest_evse_id,
        max(told_power_w) AS power_w,
        sum(told_power_w) AS power_sum_w,
        count(told_power_w) AS power_readings,
        min(measured_at) FILTER (register_wh IS NOT NULL) AS first_at,
        max(measured_at) FILTER (register_wh IS NOT NULL) AS last_at,
        min(register_wh) AS least_wh,
        max(register_wh) AS greatest_wh,
        min(register_wh) FILTER (edge = 0) AS begin_wh,
        max(register_wh) FILTER (edge = 2) AS end_wh,
        count(register_wh) FILTER (edge = 1) AS readings_between,
        coalesce(bool_or(has_other_registers), false) AS has_other_registers,
        bool_or(tells AND (
            breaks_schema IS NOT NULL OR contradicts_itself
            OR register_place IS NOT NULL AND register_wh IS NULL
            OR power_place IS NOT NULL AND told_power_w IS NULL
        )) AS has_defects,
        min(received_at) AS first_received_at,
        max(received_at) FILTER (tells) AS last_received_at,
        max(measured_at) FILTER (tells) AS last_measured_at
    FROM placed
    GROUP BY station_id, transaction_id
)
SELECT
    run_of(station_id, transaction_id) AS run_id,
    *
FROM grouped
