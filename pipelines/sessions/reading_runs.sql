-- One row a transaction of which anything was read: what has just been written of its energy and power.
WITH placed AS (
    -- What does not count is NULL here: a FILTER of each sum looks at all rows again.
    SELECT
        run_of(station_id, transaction_id) AS run_id, station_id, transaction_id, received_at,
        CASE WHEN tells THEN evse_id END AS evse_id,
        CASE WHEN tells THEN received_at END AS told_received_at,
        CASE WHEN tells THEN measured_at END AS told_measured_at,
        CASE WHEN register_wh IS NOT NULL THEN measured_at END AS register_at,
        register_wh, power_w, edge, has_other_registers,
        tells AND (
            breaks_schema IS NOT NULL OR contradicts_itself
            OR register_place IS NOT NULL AND register_wh IS NULL
            OR power_place IS NOT NULL AND power_w IS NULL
        ) AS is_defect
    FROM (
        SELECT
            *,
            layouts.layout_id IS NOT NULL AS tells,
            samples[register_place] AS register_wh,
            samples[power_place] AS power_w
        FROM written_readings
        LEFT JOIN layouts USING (layout_id)
        WHERE transaction_id IS NOT NULL
    )
)
SELECT
    run_id,
    any_value(station_id) AS station_id,
    any_value(transaction_id) AS transaction_id,
    min(evse_id) AS least_evse_id,
    max(evse_id) AS greatest_evse_id,
    max(power_w) AS power_w,
    sum(power_w) AS power_sum_w,
    count(power_w) AS power_readings,
    min(register_at) AS first_at,
    max(register_at) AS last_at,
    min(register_wh) AS least_wh,
    max(register_wh) AS greatest_wh,
    min(CASE WHEN edge = 0 THEN register_wh END) AS begin_wh,
    max(CASE WHEN edge = 2 THEN register_wh END) AS end_wh,
    count(CASE WHEN edge = 1 THEN register_wh END) AS readings_between,
    coalesce(bool_or(has_other_registers), false) AS has_other_registers,
    bool_or(is_defect) AS has_defects,
    min(received_at) AS first_received_at,
    max(told_received_at) AS last_received_at,
    max(told_measured_at) AS last_measured_at
FROM placed
GROUP BY run_id
